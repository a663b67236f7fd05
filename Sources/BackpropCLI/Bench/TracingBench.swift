// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import BackpropGraph
import BackpropRuntime
import BackpropTraining

/// `backprop bench --tracing`: what it costs to write a graph down, differentiate it, and find the
/// plan that was made for it before; nothing is computed.
struct TracingBench {
  let seconds: Double
  let json: Bool

  /// Layers of eight operations each: a product, a bias, an activation, a residual and what
  /// normalizations are made of.
  private static func loss(_ x: Tensor, _ weights: [Tensor]) -> Tensor {
    var x = x
    for layer in 0..<weights.count / 2 {
      let h = (matmul(x, weights[2 * layer]) + weights[2 * layer + 1]).tanh() * 0.5
      let gated = h * x
      let sum = gated.sum(over: 1, keepingAxes: true)
      x = x + (gated - sum)
    }
    return x.sum()
  }

  func run() throws {
    for layers in [5, 50, 500] { try measure(layers) }
  }

  private func measure(_ layers: Int) throws {
    let x = Tensor.zeros([4, 8]) + 0.1
    var weights: [Tensor] = []
    for layer in 0..<layers {
      weights.append(.normal([8, 8], key: RandomKey(seed: UInt64(layer))))
      weights.append(.zeros([8]) + 0.01)
    }
    try evaluate([x] + weights)
    func step() -> [Tensor] {
      let (value, gradients) = valueAndGradient(at: weights) {
        TracingBench.loss(x, $0)
      }
      return [value] + gradients
    }
    // The plan that is to be found, and how many words it came from.
    let planned = step()
    try evaluate(planned)
    let example = step()
    let nodes = Evaluator.count(example.map(\.node))
    var times: [Double] = []
    let whole = Stopwatch()
    while whole.seconds < seconds / 3 || times.count < 5 {
      let watch = Stopwatch()
      var found: Int?
      do {
        let pending = step()
        found = Evaluator.find(pending.map(\.node))
      }
      times.append(watch.seconds)
      guard found != nil else {
        throw Failure.failed("the plan was not found again; please report it.")
      }
    }
    times.sort()
    let median = times[times.count / 2] * 1e9
    if json {
      try Output.print(
        JSONValue.object(
          JSONObject([
            ("tracing", .integer(nodes.traced)), ("with_gradient", .integer(nodes.all)),
            ("microseconds", JSONValue(significant: median / 1000)),
            ("ns_per_traced_node", JSONValue(significant: median / Double(nodes.traced))),
            ("ns_per_node", JSONValue(significant: median / Double(nodes.all))),
          ])
        ).text())
    } else {
      Output.print(
        Text.right(Text.grouped(nodes.traced), 6) + " nodes traced, "
          + Text.right(Text.grouped(nodes.all), 6) + " with the gradient's: "
          + Text.fixed(median / Double(nodes.traced), 0) + " ns a traced node, "
          + Text.fixed(median / Double(nodes.all), 0) + " ns a node")
    }
  }
}
