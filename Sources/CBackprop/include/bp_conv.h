// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Convolution of arrays whose channels lie last, and its gradient with respect to the kernel, over
// up to three axes of space. (The gradient with respect to the input is a convolution again: its
// stride is the spread of the other.)

#ifndef BP_CONV_H
#define BP_CONV_H

#include <stddef.h>
#include <stdint.h>

/// What is convolved with what. Axes of space are depth, height, width; those that are missing have
/// size 1.
///
///   y[n, o, g F + f] = sum over taps k, then channels c, of
///     x[n, i, g C + c] * w[k, c, g F + f],  where spread * i = stride * o + dilation * k - low
///
/// for every tap whose i is a whole number and inside the input; other taps are skipped. Each
/// element is one chain of fused multiply-adds from 0.0f, in that order; the kernel's gradient is
/// one chain over images, then outputs. So bits depend neither on the level nor on the tasks.
typedef struct bp_conv_shape {
  int64_t images;
  int64_t in[3], out[3], kernel[3];
  int64_t stride[3], low[3], dilation[3], spread[3];
  int64_t groups, in_channels, out_channels;  // channels of one group: C and F
  int64_t kernel_strides[5];                  // of w: depth, height, width, channel, output
} bp_conv_shape;

/// A prepared convolution. Immutable: any number of threads may use it at once.
typedef struct bp_conv bp_conv;

/// Prepares a convolution for a SIMD level; NULL if there is no memory. The only function here that
/// allocates. `exact` forbids the transforms that need fewer multiplications (Winograd's).
bp_conv *bp_conv_create(const bp_conv_shape *shape, int level, int exact);
void bp_conv_destroy(bp_conv *conv);

/// Called for each block of outputs that is done, as that of bp_gemm_run: with the outputs as rows
/// and all channels as columns.
typedef void bp_conv_epilogue(
    void *context, size_t batch, size_t m0, size_t m1, size_t n0, size_t n1, void *scratch);

/// Bytes, aligned to 64, that all tasks share.
size_t bp_conv_workspace(const bp_conv *conv);
/// Independent units of preparing it.
int64_t bp_conv_pack_units(const bp_conv *conv);
/// Prepares the units [begin, end). All must be prepared before the first task runs.
void bp_conv_pack(
    const bp_conv *conv, void *workspace, const float *x, const float *kernel, int64_t begin,
    int64_t end);

/// Into how many tasks to cut the convolution for so many threads.
size_t bp_conv_tasks(const bp_conv *conv, size_t threads);
/// Bytes of scratch, aligned to 64, that any one task needs, when there are so many.
size_t bp_conv_scratch(const bp_conv *conv, size_t tasks);
/// Runs one task. `epilogue` may be NULL.
void bp_conv_run(
    const bp_conv *conv, float *y, const float *x, const float *kernel, const void *workspace,
    size_t task, size_t tasks, void *scratch, bp_conv_epilogue *epilogue, void *context,
    void *epilogue_scratch);

/// The gradient with respect to the kernel: w[k, c, g F + f], dense, is the sum over images and
/// outputs of x * dy. `kernel_strides` are not looked at. First all units are prepared, then all
/// tasks run, then all units are finished.
size_t bp_conv_kernel_workspace(const bp_conv *conv);
int64_t bp_conv_kernel_pack_units(const bp_conv *conv);
void bp_conv_kernel_pack(
    const bp_conv *conv, void *workspace, const float *x, int64_t begin, int64_t end);
size_t bp_conv_kernel_tasks(const bp_conv *conv, size_t threads);
size_t bp_conv_kernel_scratch(const bp_conv *conv, size_t tasks);
void bp_conv_kernel_run(
    const bp_conv *conv, float *w, void *workspace, const float *x, const float *dy, size_t task,
    size_t tasks, void *scratch);
int64_t bp_conv_kernel_finish_units(const bp_conv *conv);
void bp_conv_kernel_finish(
    const bp_conv *conv, float *w, const void *workspace, int64_t begin, int64_t end);

/// Windows that slide over the axes of space, within each channel. Places outside the input are no
/// part of a window.
typedef struct bp_window_shape {
  int64_t images, channels;
  int64_t in[3], out[3], window[3], stride[3], low[3], dilation[3];
} bp_window_shape;

/// Units of work of the functions below.
int64_t bp_window_units(const bp_window_shape *shape);
/// y[n, o, c] is the sum of a window, added in order; 0 if it is empty.
void bp_window_sum(
    const bp_window_shape *shape, int level, float *y, const float *x, int64_t begin, int64_t end);
/// The greatest of a window, NaN if one is there; -infinity if it is empty.
void bp_window_max(
    const bp_window_shape *shape, int level, float *y, const float *x, int64_t begin, int64_t end);
/// dx[n, i, c] is the sum, in order of o, of dy[n, o, c] for the windows whose greatest element,
/// the first of equals or the first NaN, is at i.
void bp_window_max_pullback(
    const bp_window_shape *shape, int level, float *dx, const float *x, const float *dy,
    int64_t begin, int64_t end);
/// y[n, o, c] is v at the place of that element; 0 if the window is empty.
void bp_window_max_selection(
    const bp_window_shape *shape, int level, float *y, const float *x, const float *v,
    int64_t begin, int64_t end);

#endif
