// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import ArgumentParser
import BackpropTraining

/// The program `backprop`.
@main
struct Main {
  static func main() {
    // The clock starts with the process.
    _ = Stopwatch.process
    Output.ignoreSignalsOfWriting()
    do {
      var command = try Program.parseAsRoot(Array(CommandLine.arguments.dropFirst()))
      try command.run()
      Output.flush()
    } catch {
      Output.flush()
      let ending = Ending(error)
      ending.print()
      exitProcess(ending.status)
    }
  }
}

/// `backprop` and its commands.
struct Program: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backprop",
    abstract: "Trains neural networks by backpropagation.",
    discussion: """
      Begin with 'backprop train digits': it needs no files.
      'backprop list' shows what there is to train, 'backprop help COMMAND' how a command is used.
      """,
    version: versionText,
    subcommands: [
      Train.self, Evaluate.self, Predict.self, Generate.self, List.self, Inspect.self,
      DataCommand.self,
      Bench.self,
    ])
}
