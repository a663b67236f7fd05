// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Convolution by Winograd's minimal filtering: what bp_conv.c and bp_conv_kernel.c ask of it.

#ifndef BP_CONV_WINOGRAD_H
#define BP_CONV_WINOGRAD_H

#include "bp_conv_internal.h"

/// Whether a convolution is one of 3x3 with enough channels to be worth transforming.
bool bp_winograd_fits(const bp_conv *conv);
/// The tiles of a convolution for which it is.
void bp_winograd_prepare(bp_conv *conv);

size_t bp_winograd_workspace(const bp_conv *conv);
int64_t bp_winograd_units(const bp_conv *conv);
void bp_winograd_pack(
  const bp_conv *conv, float *workspace, const float *x, const float *kernel, int64_t begin,
  int64_t end);
size_t bp_winograd_tasks(const bp_conv *conv, size_t threads);
size_t bp_winograd_scratch(const bp_conv *conv);
void bp_winograd_run(
  const bp_conv *conv, float *y, const float *x, const float *kernel, const float *workspace,
  size_t task, size_t tasks, void *scratch, bp_conv_epilogue *epilogue, void *context,
  void *epilogue_scratch);

size_t bp_winograd_kernel_workspace(const bp_conv *conv);
int64_t bp_winograd_kernel_units(const bp_conv *conv);
void bp_winograd_kernel_pack(
  const bp_conv *conv, float *workspace, const float *x, int64_t begin, int64_t end);
size_t bp_winograd_kernel_tasks(const bp_conv *conv, size_t threads);
size_t bp_winograd_kernel_scratch(const bp_conv *conv);
void bp_winograd_kernel_run(
  const bp_conv *conv, float *w, float *workspace, const float *x, const float *dy, size_t task,
  size_t tasks, void *scratch);
int64_t bp_winograd_kernel_finish_units(const bp_conv *conv);
void bp_winograd_kernel_finish(
  const bp_conv *conv, float *w, const float *workspace, int64_t begin, int64_t end);

#endif
