// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// What has one code for all levels, compiled for this processor: copies, lookups, orders,
// conversions; reductions of long rows; what measures the processor.

#include "check.h"

#include <math.h>
#include <string.h>

typedef struct problem {
  int64_t outer, n, inner;
  int what, size;
  const float *x;
  const int32_t *index;
  void *result;
} problem;

static int64_t part(int64_t units, size_t task, size_t tasks) {
  return units * (int64_t)task / (int64_t)tasks;
}

enum { REDUCED, EXTREMES, RUNNING, GATHERED, SCATTERED, SORTED, COPIED };

/// A task does part of the units of its kind of work.
static void run(void *context, int level, size_t tasks) {
  const problem *p = context;
  const int64_t axis = bp_axis_units(p->outer, p->inner);
  if (p->what == REDUCED) {
    for (int reduction = 0; reduction < 3; reduction++) {
      const int64_t units = bp_reduce_long_units(p->outer, p->n);
      void *partial = room(4 * (size_t)units);
      for (size_t t = tasks; t-- > 0;) {
        bp_reduce_long_blocks(
          level, partial, p->x, 0, reduction, p->outer, p->n, part(units, t, tasks),
          part(units, t + 1, tasks));
      }
      bp_reduce_long_finish(
        (float *)p->result + reduction * p->outer, partial, 0, reduction, p->outer, p->n);
    }
    return;
  }
  if (p->what == SCATTERED) memset(p->result, 0, 4 * (size_t)(p->outer * p->n * p->inner));
  for (size_t t = tasks; t-- > 0;) {
    const int64_t begin = part(axis, t, tasks), end = part(axis, t + 1, tasks);
    const int64_t gathered = p->outer * p->n;
    switch (p->what) {
      case EXTREMES:
        bp_arg_extreme(p->result, p->x, 0, 0, p->outer, p->n, p->inner, begin, end);
        break;
      case RUNNING:
        bp_cumulative_sum(
          p->result, p->x, 0, BP_REVERSE | BP_EXCLUSIVE, p->outer, p->n, p->inner, begin, end);
        break;
      case GATHERED:
        bp_gather(
          p->result, p->x, p->index, p->outer, p->n, p->inner, p->n, 4, part(gathered, t, tasks),
          part(gathered, t + 1, tasks));
        break;
      case SCATTERED: {
        const int64_t units = bp_scatter_add_units(p->outer, p->inner);
        bp_scatter_add(
          p->result, p->x, p->index, p->outer, p->n, p->inner, p->n, part(units, t, tasks),
          part(units, t + 1, tasks));
        break;
      }
      case SORTED:
        bp_sort_rows(
          p->result, NULL, p->x, 0, 1, p->n, part(p->outer, t, tasks),
          part(p->outer, t + 1, tasks), room((bp_sort_scratch(p->n) + 63) / 64 * 64));
        break;
      default: {
        // The two last axes exchanged, of elements of any size.
        bp_copy copy;
        const int64_t dims[] = {p->outer, p->inner, p->n};
        const int64_t to[] = {p->n * p->inner, p->n, 1}, from[] = {p->n * p->inner, 1, p->inner};
        if (bp_copy_prepare(&copy, 3, dims, to, from, (uint32_t)p->size) != 0) fail("a copy");
        bp_copy_run(
          &copy, p->result, p->x, part(copy.units, t, tasks), part(copy.units, t + 1, tasks));
      }
    }
  }
}

static void check_work(
  problem *p, int what, size_t count, bool is_int, const double *want, const double *slack
) {
  p->what = what, p->result = floats(count);
  check(&(trial){
    .run = run, .context = p, .result = p->result, .count = count, .is_int = is_int, .want = want,
    .slack = slack,
  });
}

static void check_axis(int64_t outer, int64_t n, int64_t inner) {
  describe("%lld x %lld x %lld", (long long)outer, (long long)n, (long long)inner);
  seed((uint32_t)(outer + n + inner));
  const size_t count = (size_t)(outer * n * inner);
  float *x = numbers(count);
  int32_t *index = room(4 * (size_t)n);
  for (int64_t i = 0; i < n; i++) index[i] = (int32_t)(word() % (uint32_t)n);
  problem p = {.outer = outer, .n = n, .inner = inner, .x = x, .index = index, .size = 4};
  double *most = doubles(count), *sums = doubles(count), *taken = doubles(count);
  double *put = doubles(count), *turned = doubles(count), *slack = doubles(count);
  for (int64_t o = 0; o < outer; o++) {
    for (int64_t c = 0; c < inner; c++) {
      double sum = 0.0;
      int64_t best = 0;
      for (int64_t i = n - 1; i >= 0; i--) {
        const int64_t at = (o * n + i) * inner + c, from = (o * n + index[i]) * inner + c;
        sums[at] = sum, sum += x[at];
        slack[at] = 1e-6 * (double)n;
        taken[at] = x[from], put[from] += x[at];
        turned[(o * inner + c) * n + i] = x[at];
      }
      for (int64_t i = 1; i < n; i++) {
        if (x[(o * n + i) * inner + c] > x[(o * n + best) * inner + c]) best = i;
      }
      most[o * inner + c] = (double)best;
    }
  }
  check_work(&p, EXTREMES, (size_t)(outer * inner), true, most, NULL);
  check_work(&p, RUNNING, count, false, sums, slack);
  check_work(&p, GATHERED, count, false, taken, NULL);
  check_work(&p, SCATTERED, count, false, put, slack);
  check_work(&p, COPIED, count, false, turned, NULL);
  // The same as halves and as bytes: only how the bits move.
  for (p.size = 2; p.size > 0; p.size--) {
    if (count % 4 == 0) check_work(&p, COPIED, count * (size_t)p.size / 4, true, NULL, NULL);
  }
  release();
}

static void check_long(int64_t outer, int64_t n) {
  describe("%lld rows of %lld", (long long)outer, (long long)n);
  seed((uint32_t)n);
  float *x = numbers((size_t)(outer * n));
  problem p = {.outer = outer, .n = n, .inner = 1, .x = x};
  double *want = doubles(3 * (size_t)outer), *slack = doubles(3 * (size_t)outer);
  for (int64_t o = 0; o < outer; o++) {
    double *at = want + o;
    at[outer] = -INFINITY, at[2 * outer] = INFINITY;
    for (int64_t i = 0; i < n; i++) {
      const double value = x[o * n + i];
      at[0] += value;
      at[outer] = fmax(at[outer], value), at[2 * outer] = fmin(at[2 * outer], value);
    }
    slack[o] = 1e-6 * sqrt((double)n) * 10.0;
  }
  check_work(&p, REDUCED, 3 * (size_t)outer, false, want, slack);
  release();
}

/// Sorted downwards, equal elements in their order.
static void check_sort(int64_t rows, int64_t n) {
  describe("%lld sorted rows of %lld", (long long)rows, (long long)n);
  seed((uint32_t)n);
  const size_t count = (size_t)(rows * n);
  float *x = numbers(count);
  double *want = doubles(count);
  for (size_t i = 0; i < count; i += 3) x[i] = 0.25f;
  problem p = {.outer = rows, .n = n, .inner = 1, .x = x};
  for (int64_t row = 0; row < rows; row++) {
    for (int64_t i = 0; i < n; i++) {
      const float *all = x + row * n;
      int64_t before = 0;
      for (int64_t j = 0; j < n; j++) before += all[j] > all[i] || (all[j] == all[i] && j < i);
      want[row * n + before] = (double)i;
    }
  }
  check_work(&p, SORTED, count, true, want, NULL);
  release();
}

/// bfloat16 and float16 to float32 and back.
static void run_conversion(void *context, int level, size_t tasks) {
  (void)level, (void)tasks;
  const problem *p = context;
  uint16_t *half = room(2 * (size_t)p->n);
  const bp_dtype type = p->size == 0 ? BP_BF16 : BP_F16;
  bp_convert(half, type, p->x, BP_F32, p->n);
  bp_convert(p->result, BP_F32, half, type, p->n);
}

static void check_conversion(int64_t n) {
  for (int type = 0; type < 2; type++) {
    describe("%lld converted to type %d", (long long)n, type);
    seed((uint32_t)n);
    problem p = {.n = n, .size = type, .x = numbers((size_t)n), .result = floats((size_t)n)};
    double *want = doubles((size_t)n), *slack = doubles((size_t)n);
    for (int64_t i = 0; i < n; i++) {
      want[i] = p.x[i];
      slack[i] = fmax(fabs(want[i]) * (type ? 0x1p-11 : 0x1p-8), 0x1p-24);
    }
    check(&(trial){
      .run = run_conversion, .context = &p, .result = p.result, .count = (size_t)n, .want = want,
      .slack = slack,
    });
    release();
  }
}

static void run_permutation(void *context, int level, size_t tasks) {
  (void)level, (void)tasks;
  const problem *p = context;
  bp_random_permutation(p->result, p->n, 3, 4);
}

static void check_permutation(int64_t n) {
  describe("a permutation of %lld", (long long)n);
  problem p = {.n = n, .result = floats((size_t)n)};
  check(&(trial){
    .run = run_permutation, .context = &p, .result = p.result, .count = (size_t)n, .is_int = true,
  });
  double *seen = doubles((size_t)n);
  for (int64_t i = 0; i < n; i++) seen[((const int32_t *)p.result)[i]]++;
  for (int64_t i = 0; i < n; i++) if (seen[i] != 1.0) fail("%lld is missing", (long long)i);
  release();
}

/// Known answers of Philox4x32-10 (J. Salmon et al., Random123's kat_vectors).
static void check_philox(void) {
  describe("Philox");
  const uint32_t ones[4] = {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, zeros[4] = {0};
  const uint32_t of_zeros[4] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
  const uint32_t of_ones[4] = {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd};
  uint32_t words[4];
  bp_philox(zeros, zeros, words);
  if (memcmp(words, of_zeros, sizeof words) != 0) fail("words of zeros");
  bp_philox(ones, ones, words);
  if (memcmp(words, of_ones, sizeof words) != 0) fail("words of ones");
}

/// Whether subnormal numbers are taken as zero while they should be, and only then.
static void check_subnormals(void) {
  describe("subnormal numbers");
  volatile float tiny = 1e-39f, half = 0.5f, least = 0x1p-126f;
  const unsigned long before = bp_subnormals_flush();
  const float operand = tiny * 1e30f, result = least * half;
  bp_subnormals_restore(before);
  if (operand != 0.0f) fail("a subnormal operand is not taken as zero");
  if (result != 0.0f) fail("a subnormal result is not taken as zero");
}

/// What measures the processor gives numbers that can be.
static void check_measures(void) {
  describe("measures");
  enum { BYTES = 4096 };
  uint64_t *words = room(BYTES), *copy = room(BYTES), sum = 0;
  for (int i = 0; i < BYTES / 8; i++) sum += words[i] = (uint64_t)word() << 20;
  if (bp_read(words, BYTES) != sum) fail("bp_read lost something");
  if (!(bp_copy_bandwidth(copy, words, BYTES, 0.001) > 0.0)) fail("bp_copy_bandwidth");
  if (memcmp(copy, words, BYTES) != 0) fail("bp_copy_bandwidth copied something else");
  for (int level = BP_PORTABLE; level <= BP_AVX512; level++) {
    if (!bp_level_available(level)) continue;
    if (!(bp_peak_flops(level, 0.001) > 0.0)) fail("bp_peak_flops");
    if (!(bp_peak_bf16(level, 0.001) > 0.0)) fail("bp_peak_bf16");
  }
  const double before = bp_seconds();
  bp_pause();
  if (bp_seconds() < before) fail("bp_seconds went back");
  if (bp_processor_count() < 1) fail("bp_processor_count");
  bp_use_large_pages(copy, BYTES);
  release();
}

void check_rest(void) {
  group("along an axis");
  check_axis(1, 1, 4);
  check_axis(2, 50, 1);
  check_axis(3, 17, 8);
  check_axis(1, 64, 300);
  check_axis(5, 9, 33);
  group("long rows");
  check_long(1, 3);
  check_long(3, 4096);
  check_long(2, 20011);
  group("orders");
  check_sort(3, 1);
  check_sort(5, 40);
  check_sort(3, 400);
  check_permutation(1000);
  group("conversions, random words, measures");
  for (int64_t n = 1; n < 100; n += 7) check_conversion(n);
  check_philox();
  check_subnormals();
  check_measures();
}
