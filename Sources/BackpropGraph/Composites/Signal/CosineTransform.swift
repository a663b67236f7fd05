// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

extension Tensor {
  /// The first `count` numbers of the discrete cosine transform of the last axis, type II,
  /// orthonormal: y[k] = s Σ x[j] cos(π k (2j + 1) / 2n), s = √(1/n) for k = 0 and √(2/n) else.
  ///
  /// `self: […, n] -> […, count]`, as a product with a matrix: for short axes.
  public func cosineTransform(count: Int? = nil) -> Tensor {
    guard rank >= 1, shape[-1] >= 1, (1...shape[-1]).contains(count ?? 1) else {
      return .failed(
        "cosineTransform", [self], "there are no \(count ?? 0) numbers of the last axis",
        shape: shape, dtype: .float32)
    }
    let n = shape[-1]
    let matrix = Tensor.cosines(n, count ?? n)
    let x = cast(to: .float32)
    return rank == 1 ? matmul(x.expanded(at: 0), matrix).squeezed(at: 0) : matmul(x, matrix)
  }

  /// The matrix of the cosine transform of n numbers, `[n, count]`.
  package static func cosines(_ n: Int, _ count: Int) -> Tensor {
    var values: [Float] = []
    values.reserveCapacity(n * count)
    for j in 0..<n {
      for k in 0..<count {
        // The angle in turns of 2π, made small while it is a whole number of parts.
        let part = k * (2 * j + 1) % (4 * n)
        let cosine = HostMath.cosinePi(Double(part) / Double(2 * n))
        values.append(Float(cosine * ((k == 0 ? 1 : 2) / Double(n)).squareRoot()))
      }
    }
    return Tensor(values, shape: [n, count])
  }
}
