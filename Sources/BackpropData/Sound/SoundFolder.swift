// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Recordings in a folder of WAVE files, each with a label: in its name, or the name of the
/// sub-folder that it lies in.
public struct SoundFolder: Sendable {
  /// How recordings are found, divided and made alike.
  public struct Options: Hashable, Sendable {
    /// How recordings are found and divided.
    public var files: LabeledFolder.Options
    /// The samples in a second of every example.
    public var sampleRate: Int
    /// The samples of every example. Shorter recordings get zeros on both sides, of longer ones the
    /// middle is taken.
    public var samples: Int

    /// Puts the facts together.
    public init(files: LabeledFolder.Options = .init(), sampleRate: Int, samples: Int) {
      self.files = files
      self.sampleRate = sampleRate
      self.samples = samples
    }
  }

  /// The files with their labels.
  public let files: LabeledFolder
  private let options: Options

  /// Looks at the names in a folder; no recording is read.
  public init(_ folder: String, options: Options) throws(DataError) {
    files = try LabeledFolder(folder, .sounds, options: options.files)
    self.options = options
  }

  /// Reads all recordings and divides them: as they were named, else by chance, the same share of
  /// each class. features: [N, samples] float.
  public func parts(
    name: String, validationFraction: Double, testFraction: Double, seed: UInt64
  ) throws -> DataParts {
    var reader = SoundReader(sampleRate: options.sampleRate, samples: options.samples)
    let parts = try files.parts(
      validationFraction: validationFraction, testFraction: testFraction, seed: seed
    ) { indices in
      var samples: [Float] = []
      samples.reserveCapacity(indices.count * options.samples)
      for index in indices { samples += try reader.read(files.entries[index].path) }
      return DataArray(shape: [indices.count, options.samples], storage: .float(samples))
    }
    return DataParts(
      name: name, train: parts.train, validation: parts.validation, test: parts.test,
      classNames: files.classNames, notes: reader.notes)
  }
}
