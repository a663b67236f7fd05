// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// An operation that cannot be done on its operands, found where the tensor is made and thrown
/// where its value is first needed.
public struct ShapeError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The operation, e.g. `matmul`.
  public let operation: String
  /// The shapes it was given.
  public let operands: [Shape]
  /// What must hold and does not, with the values.
  public let rule: String
  /// What to try; may be empty.
  public let hint: String
  /// Where in the model, e.g. `model.body.2 (Linear 784→128)`; may be empty.
  public let path: String

  /// A description of an operation that cannot be done.
  public init(
    operation: String, operands: [Shape], rule: String, hint: String = "", path: String = ""
  ) {
    self.operation = operation
    self.operands = operands
    self.rule = rule
    self.hint = hint
    self.path = path.isEmpty ? ModelPath.current.description : path
  }

  /// One to three lines: the operation with its shapes and the rule; where; what to try.
  public var description: String {
    var text = operation
    if !operands.isEmpty {
      text += " of " + operands.map(\.description).joined(separator: " and ")
    }
    text += ": \(rule)."
    if !path.isEmpty { text += "\n  in \(path)" }
    if !hint.isEmpty { text += "\n  hint: \(hint)" }
    return text
  }
}

/// The place in the model whose operations are being traced, kept for error messages.
///
/// A layer sets it with ``ModelPath/within(_:_:)`` while it runs.
public struct ModelPath: Sendable, CustomStringConvertible {
  package var names: [String] = []

  @TaskLocal package static var current = ModelPath()

  /// The names joined by dots.
  public var description: String { names.joined(separator: ".") }

  /// Runs `body` with `name` appended to the path that errors report.
  public static func within<Result, Failure: Error>(
    _ name: String, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var path = current
    path.names.append(name)
    let outcome = $current.withValue(path) { () -> Swift.Result<Result, Failure> in
      do throws(Failure) { return .success(try body()) } catch { return .failure(error) }
    }
    return try outcome.get()
  }
}
