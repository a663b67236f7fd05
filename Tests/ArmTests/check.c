// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Memory, numbers and comparison for the checks of the C kernels; runs them all. With the argument
// `flush`, subnormal numbers are taken as zero, as the threads of the CPU device take them.

#define _GNU_SOURCE

#include "check.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MOST_ROOMS = 4096, MOST_MESSAGES = 30 };

static struct { void *base; size_t length; } rooms[MOST_ROOMS];
static int room_count, failures;
static char description[400];
static const char *group_name;
static uint64_t digest;

void *room(size_t bytes) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  const size_t inner = (bytes + page - 1) / page * page, length = inner + page;
  char *base = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED || room_count == MOST_ROOMS) {
    fprintf(stderr, "no memory for a check\n");
    exit(2);
  }
  mprotect(base + inner, page, PROT_NONE);
  memset(base, 0xff, inner);
  rooms[room_count].base = base;
  rooms[room_count++].length = length;
  return base + inner - bytes;
}

float *floats(size_t count) { return room(count * sizeof(float)); }

double *doubles(size_t count) {
  double *all = room(count * sizeof(double));
  for (size_t i = 0; i < count; i++) all[i] = 0.0;
  return all;
}

void release(void) {
  while (room_count > 0) {
    room_count--;
    munmap(rooms[room_count].base, rooms[room_count].length);
  }
}

static uint32_t state;

void seed(uint32_t value) { state = value * 2654435761u + 12345u; }

uint32_t word(void) {
  state ^= state << 13, state ^= state >> 17, state ^= state << 5;
  return state;
}

float number(void) {
  const uint32_t bits = word();
  const float value = (float)((int32_t)bits >> 8) * 0x1p-23f;
  return (bits & 0x70) == 0 ? value * 1e-4f : value;
}

float *numbers(size_t count) {
  float *all = floats(count);
  for (size_t i = 0; i < count; i++) all[i] = number();
  return all;
}

uint16_t *halves(size_t count, float **widened) {
  uint16_t *all = room(2 * count);
  *widened = floats(count);
  for (size_t i = 0; i < count; i++) {
    const float value = number();
    uint32_t bits;
    memcpy(&bits, &value, 4);
    all[i] = (uint16_t)(bits >> 16);
    bits &= 0xffff0000u;
    memcpy(*widened + i, &bits, 4);
  }
  return all;
}

static void end_group(void) {
  if (group_name) printf("%-40s %016llx\n", group_name, (unsigned long long)digest);
  fflush(stdout);
}

void group(const char *name) {
  end_group();
  group_name = name;
  digest = 0xcbf29ce484222325u;
}

void describe(const char *format, ...) {
  va_list list;
  va_start(list, format);
  vsnprintf(description, sizeof description, format, list);
  va_end(list);
}

void fail(const char *format, ...) {
  if (failures++ >= MOST_MESSAGES) return;
  fprintf(stderr, "%s, %s: ", group_name, description);
  va_list list;
  va_start(list, format);
  vfprintf(stderr, format, list);
  va_end(list);
  fprintf(stderr, "\n");
}

/// Bits to compare: which of its patterns a NaN has is left open.
static uint32_t bits_at(const trial *t, const void *from, size_t i) {
  uint32_t bits;
  memcpy(&bits, (const char *)from + 4 * i, 4);
  return !t->is_int && (bits & 0x7fffffffu) > 0x7f800000u ? 0x7fc00000u : bits;
}

static void compare_bits(const trial *t, const void *first, int level, size_t tasks) {
  for (size_t i = 0; i < t->count; i++) {
    const uint32_t a = bits_at(t, first, i), b = bits_at(t, t->result, i);
    if (a == b) continue;
    fail(
      "element %zu is %08x at level %s in %zu tasks, and %08x at level portable in one", i, b,
      bp_level_name(level), tasks, a);
    return;
  }
}

static void compare_values(const trial *t, const void *first) {
  for (size_t i = 0; t->want && i < t->count; i++) {
    const double want = t->want[i];
    const double got =
      t->is_int ? (double)((const int32_t *)first)[i] : (double)((const float *)first)[i];
    const bool same = got == want || (isnan(got) && isnan(want))
      || fabs(got - want) <= (t->slack ? t->slack[i] : 0.0);
    if (same) continue;
    fail("element %zu is %.9g, expected %.9g", i, got, want);
    return;
  }
}

void check(const trial *t) {
  static const size_t tasks[] = {1, 2, 3, 7};
  void *first = room(t->count * 4);
  bool is_first = true;
  for (int level = BP_PORTABLE; level <= BP_AVX512; level++) {
    if (!bp_level_available(level) || (t->pairs && bp_level_has_bf16_dot(level))) continue;
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++) {
      memset(t->result, 0xff, t->count * 4);
      t->run(t->context, level, tasks[i]);
      if (is_first) memcpy(first, t->result, t->count * 4);
      else compare_bits(t, first, level, tasks[i]);
      is_first = false;
    }
  }
  compare_values(t, first);
  for (size_t i = 0; i < t->count; i++) digest = (digest ^ bits_at(t, first, i)) * 0x100000001b3u;
}

int finish(void) {
  end_group();
  group_name = NULL;
  return failures;
}

int main(int count, char **arguments) {
  if (count > 1 && strcmp(arguments[1], "flush") == 0) bp_subnormals_flush();
  fprintf(stderr, "levels:");
  for (int level = BP_PORTABLE; level <= BP_AVX512; level++) {
    if (bp_level_available(level)) fprintf(stderr, " %s", bp_level_name(level));
  }
  fprintf(stderr, "\n");
  check_products();
  check_convolutions();
  check_windows();
  check_transforms();
  check_attention();
  check_passes();
  check_rest();
  if (finish() == 0) return 0;
  fprintf(stderr, "%d checks failed\n", failures);
  return 1;
}
