// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import ArgumentParser
import BackpropRecipes

/// How the program ends on an error: with which status, and which sentence on standard error.
struct Ending {
  /// 0: done, 1: failed, 2: wrong usage.
  let status: Int32
  private let text: String
  private let isHelp: Bool

  init(_ error: any Error) {
    switch error {
    case let failure as Failure:
      self.init(status: failure.status, text: "backprop: \(failure.text)")
    case let error as RecipeError:
      self.init(status: 2, text: "backprop: \(error)")
    default:
      let code = Program.exitCode(for: error)
      if code == .success {
        self.init(status: 0, text: Program.fullMessage(for: error), isHelp: true)
      } else if Ending.isFromParser(error) {
        let message = Program.fullMessage(for: error)
        self.init(status: 2, text: message.isEmpty ? "backprop: wrong usage." : message)
      } else {
        self.init(status: 1, text: "backprop: \(error)")
      }
    }
  }

  private init(status: Int32, text: String, isHelp: Bool = false) {
    self.status = status
    self.text = text
    self.isHelp = isHelp
  }

  func print() {
    if isHelp {
      Output.print(text)
      Output.flush()
    } else if !text.isEmpty {
      Output.printError(text)
    }
  }

  /// Whether ArgumentParser found the mistake: the wrong usage of an option.
  private static func isFromParser(_ error: any Error) -> Bool {
    error is ValidationError || error is ExitCode || error is CleanExit
      || Program.exitCode(for: error) == .validationFailure
  }
}

/// A mistake that the program itself finds.
struct Failure: Error {
  /// One sentence with the remedy.
  let text: String
  /// 1: failed, 2: wrong usage.
  let status: Int32

  /// Something failed.
  static func failed(_ text: String) -> Failure { Failure(text: text, status: 1) }
  /// The command was used wrongly.
  static func usage(_ text: String) -> Failure { Failure(text: text, status: 2) }
}
