// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Something about a model or an optimizer that does not fit what it was given.
public struct ModelError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What does not fit, with names and values.
  public let what: String
  /// What to do about it.
  public let remedy: String

  /// A description of what does not fit.
  public init(what: String, remedy: String) {
    self.what = what
    self.remedy = remedy
  }

  /// One sentence: what does not fit, then what to do.
  public var description: String { "\(what): \(remedy)." }
}
