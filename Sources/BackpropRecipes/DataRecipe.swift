// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats

/// Where the examples of a recipe come from.
public struct DataRecipe: Hashable, Sendable {
  /// What kind of data.
  public enum Source: String, Hashable, Sendable, CaseIterable {
    /// 1,797 handwritten digits of 8x8 pixels, built in.
    case digits
    /// The four files of MNIST, in a folder.
    case mnist
    /// The four files of Fashion-MNIST, in a folder.
    case fashionMNIST = "fashion-mnist"
    /// The binary files of CIFAR-10, in a folder.
    case cifar10
    /// Images and labels of your own in IDX files.
    case idx
    /// A table.
    case csv
    /// A plain text, cut into windows.
    case text
    /// A plain text, each line of which is an example.
    case lines
    /// A table of texts, each with a class.
    case labeledText = "labeled-text"
    /// Two text files, each line of the second being what the same line of the first becomes.
    case pairs
    /// Series with a class each, in a file of the UCR/UEA archive.
    case series
    /// A table whose rows follow one another in time: the next ones are forecast from a window.
    case forecast
    /// A folder of recordings, each with a class.
    case sound
    /// A folder of images in PNG or JPEG files, each with a class.
    case images
  }

  /// How numbers are scaled, by what the training part shows.
  public enum Scale: String, Hashable, Sendable, CaseIterable {
    /// To mean 0 and standard deviation 1.
    case standard
    /// To the range from 0 to 1.
    case range
    /// First the logarithm, then as `standard`: for long tails.
    case log
    /// As they are.
    case none
  }

  /// What stands in for a missing number.
  public enum Fill: String, Hashable, Sendable, CaseIterable {
    /// The middle one.
    case median
    /// The mean.
    case mean
  }

  /// How categories become numbers.
  public enum Encoding: String, Hashable, Sendable, CaseIterable {
    /// A column of 0 and 1 for each category.
    case one_hot
    /// Learned numbers for each category.
    case embedding
  }

  /// What kind of data.
  public var source: Source
  /// The folder in which files are looked up; nil: the usual places.
  public var path: String?
  /// The table of training examples: names of which the first that exists counts; for recordings and
  /// images in folders, the folder of those to train with; for pairs, the file that is read and the
  /// one that is written.
  public var train: [String]
  /// A table of validation examples, two files of pairs, or `test` for the test part of image data
  /// sets; for recordings and images in folders, a folder, or values of a field of their names;
  /// empty: a share of the training examples is held out.
  public var validation: [String]
  /// A table of test examples, or as for `validation`; empty: a share is held out.
  public var test: [String]
  /// The share of the training examples that is held out to watch the training.
  public var validationFraction: Double
  /// The share of the examples that is held out to test the result, without a test file.
  public var testFraction: Double
  /// Whether a table's first row names its columns; nil: by looking at it.
  public var header: Bool?
  /// The names of a table's columns, where its first row doesn't tell.
  public var columns: [String]?
  /// The character between a table's fields; nil: by looking at it.
  public var delimiter: String?
  /// The character with which lines begin that are no data; nil: none.
  public var comment: String?
  /// Rows before the header or the data that are no data.
  public var skipRows: Int
  /// The column that is predicted.
  public var target: String?
  /// Columns to be read as numbers; nil: by looking at the training part.
  public var numeric: [String]?
  /// Columns to be read as categories; nil: by looking at the training part.
  public var categorical: [String]?
  /// Columns to be left out.
  public var ignore: [String]
  /// What stands for a missing value; nil: the usual marks.
  public var missing: [String]?
  /// How numeric columns are scaled.
  public var scale: Scale
  /// Columns whose logarithm is scaled instead, for long tails.
  public var log: [String]
  /// What stands in for missing numbers.
  public var fill: Fill
  /// How categories become numbers; nil: as the network likes them.
  public var encoding: Encoding?
  /// Categories seen less often than this count as unknown.
  public var leastCount: Int
  /// How a target that is a number is scaled.
  public var targetScale: Scale
  /// What is cut off the end of the target's text where it is there.
  public var targetSuffix: String
  /// Names of the classes 0, 1, …, where the data has numbers only.
  public var classes: [String]?
  /// How texts become tokens; nil where the data are none.
  public var text: TextDataRecipe?
  /// What is forecast and from what; nil where nothing is.
  public var forecast: ForecastDataRecipe?
  /// How the files of a folder get their labels and are divided; nil where the data are none.
  public var folder: FolderDataRecipe?
  /// How recordings become examples; nil where the data are none.
  public var sound: SoundDataRecipe?
  /// How PNG and JPEG files become examples; nil where the data are none.
  public var images: PictureDataRecipe?

  init(_ keys: Section<DataKey>, task: Recipe.Task) throws(RecipeError) {
    guard let source = try keys.choice(.source, of: Source.self) else {
      throw RecipeError(
        keys.place, what: "the key 'source' is missing under 'data'",
        remedy: "choose one of " + Source.allCases.map(\.rawValue).joined(separator: ", "))
    }
    self.source = source
    path = try keys.text(.path)
    train = try keys.alternatives(.train)
    validation = try keys.alternatives(.validation)
    test = try keys.alternatives(.test)
    let isPlain = source == .text || source == .lines
    validationFraction = try keys.number(
      .validation_fraction, .fraction, default: isPlain ? 0.05 : 0.1)
    testFraction = try keys.number(.test_fraction, .fraction, default: isPlain ? 0.1 : 0.2)
    header = keys.has(.header) ? try keys.flag(.header, default: true) : nil
    columns = try keys.texts(.columns)
    delimiter = try keys.text(.delimiter)
    comment = try keys.text(.comment)
    skipRows = try keys.integer(.skip_rows, in: 0...1_000_000, default: 0)
    target = try source == .forecast ? nil : keys.text(.target)
    numeric = try keys.texts(.numeric)
    categorical = try keys.texts(.categorical)
    ignore = try keys.texts(.ignore) ?? []
    missing = try keys.texts(.missing)
    scale = try keys.choice(.scale, default: .standard)
    log = try keys.texts(.log) ?? []
    fill = try keys.choice(.fill, default: .median)
    encoding = try keys.choice(.encoding)
    leastCount = try keys.integer(.least_count, in: 1...1_000_000, default: 1)
    targetScale = try keys.choice(.target_scale, default: .standard)
    targetSuffix = try keys.text(.target_suffix) ?? ""
    classes = try keys.texts(.classes)
    text = try TextDataRecipe(keys, source: source)
    forecast = try ForecastDataRecipe(keys, source: source)
    folder = try FolderDataRecipe(keys, source: source)
    sound = try SoundDataRecipe(keys, source: source)
    images = try PictureDataRecipe(keys, source: source)
    try check(keys, task)
  }

  private func check(_ keys: Section<DataKey>, _ task: Recipe.Task) throws(RecipeError) {
    let used: [DataKey] =
      switch source {
      case .csv: DataKey.ofTables
      case .labeledText: DataKey.ofLabeledTexts
      case .forecast: DataKey.ofForecasts
      case .series: [.scale]
      case .pairs: [.least_count]
      case .digits, .mnist, .fashionMNIST, .cifar10, .idx, .text, .lines, .sound, .images: []
      }
    if let key = DataKey.ofTables.first(where: { keys.has($0) && !used.contains($0) }) {
      throw keys.error(key, "is for tables, and the source is \(source.rawValue)", "remove it")
    }
    switch source {
    case .series, .forecast: try checkSeries(keys)
    case .csv, .labeledText:
      guard !train.isEmpty else {
        throw RecipeError(
          keys.place, what: "the key 'train' is missing under 'data'",
          remedy: source == .csv ? "name a CSV file" : "name a file with a text in each row")
      }
      guard target != nil else {
        throw RecipeError(
          keys.place, what: "the key 'target' is missing under 'data'",
          remedy: "name the column to be predicted")
      }
      for (key, text) in [(DataKey.delimiter, delimiter), (.comment, comment)] {
        if let text, text.utf8.count != 1 {
          throw keys.error(key, "is one ASCII character, not '\(text)'")
        }
      }
    case .text, .lines:
      guard !train.isEmpty else {
        throw RecipeError(
          keys.place, what: "the key 'train' is missing under 'data'", remedy: "name a text file")
      }
      for key in [DataKey.validation, .test, .classes] where keys.has(key) {
        throw keys.error(
          key, "has no use: parts of the text are held back",
          "set validation_fraction and test_fraction")
      }
    case .sound, .images: break
    case .pairs: try checkPairs(keys)
    case .digits:
      for key in [DataKey.path, .train, .validation, .test] where keys.has(key) {
        throw keys.error(key, "has no use: the digits are built in", "remove it")
      }
    case .mnist, .fashionMNIST, .cifar10, .idx:
      for key in [DataKey.train, .test] where keys.has(key) {
        throw keys.error(
          key, "has no use: the files of image data have fixed names",
          "name their folder as data.path")
      }
      guard validation.isEmpty || validation == ["test"] else {
        throw keys.error(.validation, "can only be 'test' for images, not '\(validation[0])'")
      }
      guard source != .idx || classes != nil else {
        throw RecipeError(
          keys.place, what: "the key 'classes' is missing under 'data'",
          remedy: "name the classes in the order of their labels")
      }
    }
    let isPlain = source == .text || source == .lines
    guard isPlain == (task == .generation) else {
      throw keys.error(
        .source, "\(source.rawValue) does not fit the task \(task.rawValue)",
        isPlain ? "write task: generation" : "choose text or lines")
    }
    guard (source == .pairs) == (task == .translation) else {
      throw keys.error(
        .source, "\(source.rawValue) does not fit the task \(task.rawValue)",
        source == .pairs ? "write task: translation" : "choose pairs")
    }
    guard task != .regression || source == .csv || source == .forecast else {
      throw keys.error(.source, "\(source.rawValue) has classes", "write task: classification")
    }
    guard source != .forecast || task == .regression else {
      throw keys.error(.source, "forecast has numbers", "write task: regression")
    }
    if testFraction == 0 && test.isEmpty
      && [.csv, .digits, .labeledText, .pairs, .series, .forecast, .sound, .images].contains(source)
    {
      throw keys.error(
        .test_fraction, "is 0 and there is no test file", "hold out a share, such as 0.2")
    }
  }

  var json: JSONObject {
    var object = JSONObject()
    func texts(_ values: [String]?) -> JSONValue? { values.map { .array($0.map { .string($0) }) } }
    object["source"] = .string(source.rawValue)
    object["path"] = path.map { .string($0) }
    for (key, names) in [("train", train), ("validation", validation), ("test", test)]
    where !names.isEmpty { object[key] = texts(names) }
    object["validation_fraction"] = .number(validationFraction)
    object["test_fraction"] = .number(testFraction)
    object["classes"] = texts(classes)
    text?.write(&object, source: source)
    if source == .pairs { object["least_count"] = .integer(leastCount) }
    if source == .series { object["scale"] = .string(scale.rawValue) }
    forecast?.write(&object)
    folder?.write(&object)
    sound?.write(&object)
    images?.write(&object)
    guard source == .csv || source == .labeledText || source == .forecast else { return object }
    object["header"] = header.map { .bool($0) }
    object["columns"] = texts(columns)
    object["delimiter"] = delimiter.map { .string($0) }
    object["comment"] = comment.map { .string($0) }
    object["skip_rows"] = .integer(skipRows)
    if let target { object["target"] = .string(target) }
    object["least_count"] = .integer(leastCount)
    guard source != .labeledText else { return object }
    object["numeric"] = texts(numeric)
    object["categorical"] = texts(categorical)
    object["ignore"] = texts(ignore)
    object["missing"] = texts(missing)
    object["scale"] = .string(scale.rawValue)
    object["log"] = texts(log)
    guard source == .csv else { return object }
    object["fill"] = .string(fill.rawValue)
    object["encoding"] = encoding.map { .string($0.rawValue) }
    object["target_scale"] = .string(targetScale.rawValue)
    object["target_suffix"] = .string(targetSuffix)
    return object
  }
}
