// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// The matrix product of the CPU device, the SIMD levels, and what this processor could do at most.

#ifndef BP_GEMM_H
#define BP_GEMM_H

#include "bp_pass.h"

#include <stddef.h>
#include <stdint.h>

/// A finished block of a product.
typedef struct bp_gemm_block {
  size_t batch, m0, m1, n0, n1;
  const float *c;                         // where its first element lies; NULL: in C itself
  ptrdiff_t c_row;
} bp_gemm_block;

/// C[b][i][j] = sum over p of A[b][i][p] * B[b][p][j], for i < m, j < n, p < k, b < batch.
///
/// In float32 every element is one chain of fused multiply-adds over p ascending, from 0.0f. So
/// its bits depend neither on the SIMD level, nor on the blocking, nor on how many tasks share it.
/// (Two bfloat16 operands, on a processor with bfloat16 dot products, are summed in pairs: still
/// independent of the tasks, but not equal to the float32 chain.) C never overlaps A or B.
typedef struct bp_gemm_args {
  size_t m, n, k, batch;
  const void *a;                          // strides are in elements; a batch stride of 0 repeats
  ptrdiff_t a_row, a_col, a_batch;
  const void *b;
  ptrdiff_t b_row, b_col, b_batch;
  const float *panels;                    // B once more, from bp_gemm_pack, to be read instead; or NULL
  void *c;                                // row-major: the columns of a row are adjacent
  ptrdiff_t c_row, c_batch;
  int a_type, b_type, c_type;             // BP_F32 or BP_BF16; sums are float32 always
  /// Called once for each finished block of C, rows m0 ..< m1 and columns n0 ..< n1 of a batch
  /// entry, while it is in the cache, by the task that computed it. May be NULL.
  void (*epilogue)(void *context, const bp_gemm_block *block, void *scratch);
  void *epilogue_context;
  /// Nobody but the epilogue wants C: it is handed over block by block, and `c` is not touched.
  /// Only for a float32 C of more than one row and column.
  int c_passes;
} bp_gemm_args;

/// Into how many tasks to cut this product for so many threads. A task touches its own part of C
/// only, so tasks need no order among them.
size_t bp_gemm_tasks(const bp_gemm_args *args, size_t threads, int level);

/// How many bytes of scratch, aligned to 64, any one of so many tasks needs; 0 when none.
size_t bp_gemm_scratch(const bp_gemm_args *args, int level, size_t tasks);

/// Runs one task of `tasks` (any number above `task`; what bp_gemm_tasks says is the fastest).
/// `epilogue_scratch` is handed to the epilogue as it is.
void bp_gemm_run(
  const bp_gemm_args *args, size_t threads, int level, size_t task, size_t tasks, void *scratch,
  void *epilogue_scratch);

/// How many panels B can be packed into, for products that use the same B again and again with
/// other A; 0 where it is better read as it is. `floats` is the room that they need.
size_t bp_gemm_panels(const bp_gemm_args *args, int level, size_t *floats);

/// Packs the panels first ..< end of B into `to`, which is aligned to 64 and has room for all.
void bp_gemm_pack(const bp_gemm_args *args, int level, size_t first, size_t end, float *to);

/// The best SIMD level (bp_level) this processor runs.
int bp_level_best(void);

/// Whether this build and this processor can run a level.
int bp_level_available(int level);

/// "portable", "NEON", "AVX2" or "AVX-512".
const char *bp_level_name(int level);

/// Whether the level multiplies pairs of bfloat16 in one instruction on this processor.
int bp_level_has_bf16_dot(int level);

/// Multiply-adds from registers only, float32, one thread: floating-point operations per second.
/// Runs for about so many seconds and returns the best of several stretches.
double bp_peak_flops(int level, double seconds);

/// The same for bfloat16 dot products; where there are none, bp_peak_flops.
double bp_peak_bf16(int level, double seconds);

/// Bytes per second, read plus written, of copying a large array on one thread.
/// `from` and `to` hold `bytes` each.
double bp_copy_bandwidth(void *to, const void *from, size_t bytes, double seconds);

/// Reads an array once, a multiple of 256 bytes aligned to 64, and only sums it: what its time says
/// of memory no kernel that uses what it reads can better.
uint64_t bp_read(const void *from, size_t bytes);

#endif
