// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import ArgumentParser
import BackpropData
import BackpropFormats
import BackpropTraining

/// `backprop data`: well-known data sets and how to get them.
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Show and fetch well-known data sets.",
    subcommands: [DataList.self, DataGet.self])
}

/// `backprop data list`.
struct DataList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Show the data sets that can be fetched.")

  @Flag(help: "Print JSON lines.") var json = false

  mutating func run() throws {
    for set in DataCatalog.all {
      let size = set.files.reduce(0) { $0 + $1.size }
      if json {
        try Output.print(
          JSONValue.object(
            JSONObject([
              ("name", .string(set.name)), ("about", .string(set.summary)),
              ("licence", .string(set.licence)), ("bytes", .integer(size)),
              ("files", .array(set.files.map { .string($0.name) })),
            ])
          ).text())
      } else {
        Output.print(
          "\(Text.left(set.name, 20))\(Text.right(Text.bytes(size), 10))  \(set.summary)")
      }
    }
  }
}

/// `backprop data get`.
struct DataGet: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "get", abstract: "Fetch a data set from where its authors publish it.",
    discussion: "The files are checked to the bit. 'backprop train' finds them in data/NAME.")

  @Argument(help: "The data set; 'backprop data list' shows them.") var name: String
  @Option(help: "The folder for the files (default: data/NAME).") var to: String?

  mutating func run() throws {
    let set = try DataCatalog.named(name)
    let folder = RunFolder(to ?? "data/\(set.name)")
    try folder.make()
    for file in set.files {
      let path = "\(folder.path)/\(file.name)"
      if System.exists(path), (try? DataCatalog.check(file, at: path)) != nil {
        Output.print("\(path) is there already.")
        continue
      }
      Output.print("\(file.url)")
      let part = "\(path).part"
      let status = System.run([
        "curl", "--fail", "--location", "--silent", "--show-error", "--retry", "2", "--output",
        part, file.url,
      ])
      guard status == 0 else {
        System.remove(part)
        throw Failure.failed(
          status == nil
            ? "fetching needs the program curl; install it, or fetch \(file.url) yourself."
            : "\(file.url) could not be fetched; check the network, or fetch it yourself into "
              + "\(folder.path).")
      }
      do { try DataCatalog.check(file, at: part) } catch {
        System.remove(part)
        throw error
      }
      try System.rename(part, to: path)
    }
    Output.print("\(set.name) is in \(folder.path); licence: \(set.licence).")
  }
}
