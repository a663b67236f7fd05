// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// The kernels that are neither fused passes nor contractions. Each works on a range of independent
// units, so that threads can share it; results do not depend on the split. Sizes and strides count
// elements. Nothing here allocates.

#ifndef BP_KERNELS_H
#define BP_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "bp_pass.h"

/// A prepared copy between two strided arrays of one shape. Fill it with bp_copy_prepare.
typedef struct bp_copy {
  uint32_t rank, size;             // after collapsing; bytes per element
  int64_t dims[BP_MAX_RANK], dst_strides[BP_MAX_RANK], src_strides[BP_MAX_RANK];
  int64_t units;                   // independent units of work
  double unit_cost;                // rough nanoseconds each
} bp_copy;

/// Prepares a copy of elements of 1, 2 or 4 bytes; strides may be 0 (source only) or negative.
/// Returns 0, or -1 if the rank or size can't be.
int bp_copy_prepare(
    bp_copy *copy, uint32_t rank, const int64_t *dims, const int64_t *dst_strides,
    const int64_t *src_strides, uint32_t size);
/// Copies the units [begin, end). dst and src point at the element with all coordinates 0.
void bp_copy_run(const bp_copy *copy, void *dst, const void *src, int64_t begin, int64_t end);

/// Sets `count` elements of `size` (1, 2, 4) bytes to the low bits of `bits`.
void bp_fill(void *dst, uint32_t size, uint32_t bits, int64_t count);

/// out[o, i, :] = table[o, index[i], :] for table [outer, axis, inner], out [outer, count, inner].
/// Units: outer * count. Returns -1, or the first i of the range whose index is outside [0, axis);
/// such rows are left unwritten.
int64_t bp_gather(
    void *out, const void *table, const int32_t *index, int64_t outer, int64_t axis, int64_t inner,
    int64_t count, uint32_t size, int64_t begin, int64_t end);

/// out[o, index[i]] = x[o, i] for slices of `inner` elements of `size` bytes; the positions have been
/// checked. A unit is one o.
void bp_put(
    void *out, const void *x, const int32_t *index, int64_t axis, int64_t inner, int64_t count,
    uint32_t size, int64_t begin, int64_t end);

/// out[o, index[i], :] += x[o, i, :], i ascending, for out [outer, axis, inner] and x [outer, count,
/// inner], float32. Units: bp_scatter_add_units. Returns as bp_gather; such rows add nothing.
int64_t bp_scatter_add_units(int64_t outer, int64_t inner);
int64_t bp_scatter_add(
    float *out, const float *x, const int32_t *index, int64_t outer, int64_t axis, int64_t inner,
    int64_t count, int64_t begin, int64_t end);

/// Units of the kernels below that work along the middle axis of [outer, n, inner].
int64_t bp_axis_units(int64_t outer, int64_t inner);

/// Position of the greatest (least, if `least`) element along n: the first of equals; the first NaN
/// wins. x is float32, or int32 if `is_int`; out is [outer, inner]. n must be at least 1.
void bp_arg_extreme(
    int32_t *out, const void *x, int is_int, int least, int64_t outer, int64_t n, int64_t inner,
    int64_t begin, int64_t end);

enum { BP_REVERSE = 1, BP_EXCLUSIVE = 2 };
/// Running sum along n, added in order (from the far end with BP_REVERSE; without the element itself
/// with BP_EXCLUSIVE). out may be x.
void bp_cumulative_sum(
    void *out, const void *x, int is_int, int flags, int64_t outer, int64_t n, int64_t inner,
    int64_t begin, int64_t end);

typedef enum bp_reduction { BP_REDUCE_SUM = 0, BP_REDUCE_MAX, BP_REDUCE_MIN } bp_reduction;
/// Reduces contiguous rows of any length, [outer, n] -> [outer], in blocks of 4096 elements whose
/// results are combined in a fixed tree. First bp_reduce_long_blocks over all units (they fill
/// `partial`, one 32-bit word per unit), then bp_reduce_long_finish, once, which destroys `partial`.
int64_t bp_reduce_long_units(int64_t outer, int64_t n);
void bp_reduce_long_blocks(
    int level, void *partial, const void *x, int is_int, int reduction, int64_t outer, int64_t n,
    int64_t begin, int64_t end);
void bp_reduce_long_finish(
    void *out, void *partial, int is_int, int reduction, int64_t outer, int64_t n);

/// A random permutation of 0 ..< n (Fisher-Yates), a function of the key alone.
void bp_random_permutation(int32_t *out, int64_t n, uint32_t key0, uint32_t key1);

/// Sorts rows [outer, n], stable; NaN last either way, -0 equals +0. `indices` gets the positions,
/// `values` (may be NULL) the sorted elements. Units: outer. Scratch: bp_sort_scratch(n) bytes per
/// thread.
size_t bp_sort_scratch(int64_t n);
void bp_sort_rows(
    int32_t *indices, void *values, const void *x, int is_int, int descending, int64_t n,
    int64_t begin, int64_t end, void *scratch);

/// Converts `count` contiguous elements between BP_F32 and BP_BF16 or BP_F16 (either way; rounding
/// to nearest even), or copies equal types. Returns 0, or -1 for another pair.
int bp_convert(void *dst, bp_dtype dst_type, const void *src, bp_dtype src_type, int64_t count);

/// One block of Philox4x32-10: four words from a 128-bit counter and a 64-bit key.
void bp_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

#endif
