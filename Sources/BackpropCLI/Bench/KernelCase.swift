// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropNN

/// A kernel to be measured: an expression whose plan is that kernel.
struct KernelCase: Sendable {
  /// What is counted.
  enum Measure: Sendable {
    /// Multiplications and additions, and the type they are done in.
    case operations(Double, DType)
    /// Bytes read and written, were each tensor moved once.
    case bytes(Double)
  }

  let name: String
  let measure: Measure
  let inputs: @Sendable () -> [Tensor]
  let body: @Sendable ([Tensor]) -> Tensor

  static let all = products + attentions + passes + transforms

  private static let products: [KernelCase] =
    [256, 512, 1024, 2048].map { product("product \($0)³", $0, $0, $0) }
    + [
      product("product 1024³, aᵀb", 1024, 1024, 1024, transposesA: true),
      product("product 1024³, abᵀ", 1024, 1024, 1024, transposesB: true),
      product("product 128x784x512", 128, 784, 512),
      product("product 256x1024x4096", 256, 1024, 4096),
      product("product 32x16x16", 32, 16, 16),
      product("product 1024x1x1024", 1024, 1, 1024),
      product("product 1x4096x4096", 1, 4096, 4096),
      product("product 256³ bfloat16", 256, 256, 256, dtype: .bfloat16),
      product("product 1024³ bfloat16", 1024, 1024, 1024, dtype: .bfloat16),
    ]

  private static func product(
    _ name: String, _ m: Int, _ k: Int, _ n: Int, dtype: DType = .float32,
    transposesA: Bool = false, transposesB: Bool = false
  ) -> KernelCase {
    KernelCase(
      name: name, measure: .operations(2 * Double(m) * Double(n) * Double(k), dtype),
      inputs: {
        [
          random(transposesA ? [k, m] : [m, k], 1).cast(to: dtype),
          random(transposesB ? [n, k] : [k, n], 2).cast(to: dtype),
        ]
      },
      body: {
        matmul(
          transposesA ? $0[0].transposed() : $0[0], transposesB ? $0[1].transposed() : $0[1])
      })
  }

  private static let attentions: [KernelCase] = [
    attending("attention 8x6x256x64, causal", 8, 6, 256, isCausal: true),
    attending("the same, dropout 0.2", 8, 6, 256, isCausal: true, dropout: 0.2),
    attending("attention 1x8x2048x64", 1, 8, 2048, isCausal: false),
  ]

  /// Attention of a sequence to itself, by heads of 64 features; pairs behind a query don't count.
  private static func attending(
    _ name: String, _ batch: Int, _ heads: Int, _ length: Int, isCausal: Bool, dropout: Float = 0
  ) -> KernelCase {
    let pairs = isCausal ? length * (length + 1) / 2 : length * length
    return KernelCase(
      name: name, measure: .operations(Double(4 * 64 * batch * heads * pairs), .float32),
      inputs: { [random([batch, length, 3 * heads * 64], 1)] },
      body: {
        let parts = $0[0].splitIntoHeads([heads, heads, heads], width: 64)
        return attention(
          parts[0], parts[1], parts[2], mask: isCausal ? .causal : .none,
          dropout: (dropout, RandomKey(seed: 2))
        ).joinedHeads()
      })
  }

  private static let passes: [KernelCase] = [
    large("add", reads: 2) { $0[0] + $0[1] },
    large("chain of eight", reads: 2) {
      let x = ($0[0] * 2 + $0[1]) * $0[0]
      return ((x - 1) * $0[1] + x) * 0.5 - $0[0]
    },
    large("exp", reads: 1) { $0[0].exp() },
    large("tanh", reads: 1) { $0[0].tanh() },
    large("gelu", reads: 1) { $0[0].gelu() },
    large("sin", reads: 1) { $0[0].sin() },
    large("sum of rows", reads: 1, writes: 0) { $0[0].sum(over: 1) },
    large("sum of columns", reads: 1, writes: 0) { $0[0].sum(over: 0) },
    large("softmax", reads: 1) { $0[0].softmax() },
    large("layer norm", reads: 1) { norm($0[0]) },
    large("transpose", reads: 1) { $0[0].transposed() + 0 },
    large("cast to bfloat16", reads: 1, writes: 0.5) { $0[0].cast(to: .bfloat16) },
    large("random normal", reads: 0) { _ in
      .normal([4096, 1024], key: RandomKey(seed: 3))
    },
  ]

  private static let transforms: [KernelCase] = [256, 400, 1024, 4096].flatMap { count in
    // 5 n log₂ n operations, as is customary, and half as many for real numbers.
    let rows = (1 << 18) / count
    var logarithm = 1.0
    while 1 << Int(logarithm) < count { logarithm += 1 }
    let operations = 5 * Double(rows * count) * logarithm
    return [
      KernelCase(
        name: "transform \(rows)x\(count)", measure: .operations(operations, .float32),
        inputs: { [random([rows, count, 2], 1)] }, body: { $0[0].fourierTransform() }),
      KernelCase(
        name: "real transform \(rows)x\(count)", measure: .operations(operations / 2, .float32),
        inputs: { [random([rows, count], 1)] }, body: { $0[0].realFourierTransform() }),
    ]
  }

  private static let norm = LayerNorm(1024)

  /// A pass over 4,096 rows of 1,024 float32: 16 MiB, beyond the caches.
  private static func large(
    _ name: String, reads: Double, writes: Double = 1,
    _ body: @escaping @Sendable ([Tensor]) -> Tensor
  ) -> KernelCase {
    let size = 4096.0 * 1024 * 4
    return KernelCase(
      name: name, measure: .bytes((reads + writes) * size),
      inputs: { [random([4096, 1024], 1), random([4096, 1024], 2)] }, body: body)
  }

  private static func random(_ shape: Shape, _ seed: UInt64) -> Tensor {
    .normal(shape, key: RandomKey(seed: seed))
  }
}
