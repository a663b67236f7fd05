// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// What the checks of the C kernels share. Each check is a computation that is run at every SIMD
// level of the processor and cut into 1, 2, 3 and 7 tasks: all results must be the same bits, and
// near what a plain loop in double gives. A line for each group of checks has a number made of the
// bits of all its results, by which runs on two processors are compared.

#ifndef CHECK_H
#define CHECK_H

#include "CBackprop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Memory that ends where a page begins that may not be touched, each byte 0xff: a float in it is
/// a NaN. Multiples of 64 bytes are aligned to 64. It is there until release().
void *room(size_t bytes);
float *floats(size_t count);
double *doubles(size_t count);
void release(void);

/// Numbers that depend only on how many were drawn since the seed: in (-1, 1), of several
/// exponents.
void seed(uint32_t value);
float number(void);
uint32_t word(void);
float *numbers(size_t count);

/// The same as bfloat16; `widened` gets what they are as floats.
uint16_t *halves(size_t count, float **widened);

/// Begins a group of checks: what is checked from here on counts for its line.
void group(const char *name);

/// Says what is being checked, for a message.
void describe(const char *format, ...) __attribute__((format(printf, 1, 2)));

/// Counts a failure and says what was found, after the description.
void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/// A computation that is checked.
typedef struct trial {
  void (*run)(void *context, int level, size_t tasks);
  void *context;
  void *result;             // what the runs write: floats, or int32 if `is_int`
  size_t count;
  bool is_int;
  const double *want;       // NULL: only bits are compared
  const double *slack;      // by how much each element may differ
  bool pairs;               // levels that sum pairs of bfloat16 are left out
} trial;

/// Runs it at all levels, cut into several numbers of tasks, and compares.
void check(const trial *trial);

/// Ends the last group; how many checks failed.
int finish(void);

void check_products(void);
void check_convolutions(void);
void check_windows(void);
void check_transforms(void);
void check_attention(void);
void check_passes(void);
void check_rest(void);

#endif
