// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import ArgumentParser

/// `backprop bench`.
struct Bench: ParsableCommand {
  mutating func run() throws {}
}
