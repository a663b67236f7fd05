// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Fused passes: every operation on special and random numbers, every memory type, rows, columns,
// strides, random words, and rectangles of a pass.

#include "check.h"

#include <math.h>
#include <string.h>

enum { MOST = 12, ELEMENTS = 1500 };

/// A pass while it is described.
typedef struct builder {
  bp_pass_desc desc;
  bp_operand inputs[MOST], outputs[MOST];
  bp_insn insns[MOST];
  uint16_t scalar_registers[MOST];
  uint32_t scalars[MOST];
  void *slots[MOST];
  uint32_t slot_count;
  bool by_rectangles;       // run through bp_pass_run_region
  const float *block;       // what the rectangles read in place of slot 0; NULL: slot 0
} builder;

static builder *pass_of(bp_mode mode, uint32_t rank, const int64_t *dims) {
  static builder b;
  b = (builder){.desc = {.mode = mode, .rank = rank}};
  for (uint32_t i = 0; i < rank; i++) b.desc.dims[i] = dims[i];
  b.desc.inputs = b.inputs, b.desc.outputs = b.outputs, b.desc.insns = b.insns;
  b.desc.scalar_registers = b.scalar_registers;
  return &b;
}

/// An operand that is dense, or has the strides given.
static void lay(
  builder *b, bp_operand *x, void *memory, bp_dtype type, uint32_t reg, uint32_t kind,
  const int64_t *strides
) {
  *x = (bp_operand){.slot = b->slot_count, .dtype = type, .reg = reg, .kind = kind};
  b->slots[b->slot_count++] = memory;
  int64_t step = 1;
  for (uint32_t i = b->desc.rank; i-- > 0; step *= b->desc.dims[i]) {
    x->strides[i] = strides ? strides[i] : step;
  }
}

static uint16_t input(builder *b, void *memory, bp_dtype type, const int64_t *strides) {
  const uint32_t reg = b->desc.n_registers++;
  lay(b, &b->inputs[b->desc.n_inputs++], memory, type, reg, BP_FULL, strides);
  return (uint16_t)reg;
}

static uint16_t scalar(builder *b, const void *value) {
  const uint16_t reg = (uint16_t)b->desc.n_registers++;
  memcpy(&b->scalars[b->desc.n_scalars], value, 4);
  b->scalar_registers[b->desc.n_scalars++] = reg;
  return reg;
}

static uint16_t op(builder *b, int number, int x, int y, int z) {
  const uint16_t reg = (uint16_t)b->desc.n_registers++;
  b->insns[b->desc.n_insns++] =
    (bp_insn){(uint16_t)number, reg, (uint16_t)x, (uint16_t)y, (uint16_t)z};
  return reg;
}

static void output(
  builder *b, uint16_t reg, void *memory, bp_dtype type, uint32_t kind, const int64_t *strides
) {
  lay(b, &b->outputs[b->desc.n_outputs++], memory, type, reg, kind, strides);
}

static void run(void *context, int level, size_t tasks) {
  const builder *b = context;
  const char *error = NULL;
  bp_pass *pass = bp_pass_create(&b->desc, level, &error);
  if (!pass) {
    fail("%s", error);
    return;
  }
  void *scratch = room((bp_pass_scratch(pass) + 63) / 64 * 64);
  const int64_t *dims = b->desc.dims, units = b->by_rectangles ? dims[1] : bp_pass_units(pass);
  for (size_t task = tasks; task-- > 0;) {
    const int64_t begin = units * (int64_t)task / (int64_t)tasks;
    const int64_t end = units * (int64_t)(task + 1) / (int64_t)tasks;
    if (!b->by_rectangles) {
      bp_pass_run(pass, b->slots, b->scalars, begin, end, scratch);
      continue;
    }
    // Columns in two parts.
    for (int64_t batch = 0; batch < dims[0]; batch++) {
      for (int64_t part = 0; part < 2; part++) {
        const int64_t n0 = part ? dims[2] / 3 : 0, n1 = part ? dims[2] : dims[2] / 3;
        const int64_t first = (batch * dims[1] + begin) * dims[2] + n0;
        const bp_pass_block block = {.data = b->block ? b->block + first : NULL, .row = dims[2]};
        bp_pass_run_region(
          pass, b->slots, b->scalars, batch, begin, end, n0, n1, b->block ? &block : NULL, scratch);
      }
    }
  }
  bp_pass_destroy(pass);
}

static void check_pass(
  builder *b, void *result, size_t bytes, bool is_int, const double *want, const double *slack
) {
  check(&(trial){
    .run = run, .context = b, .result = result, .count = bytes / 4, .is_int = is_int,
    .want = want, .slack = slack,
  });
}

// Every operation.

static const float special[] = {
  0.0f, -0.0f, 1.0f, -1.0f, 0.5f, -0.5f, 1.5f, -2.5f, 2.0f, 3.0f, -3.0f, 88.7f, 89.0f, -87.3f,
  -103.9f, -104.5f, 1e-3f, -1e-3f, 0.625f, 0.92f, 3.95f, 65504.0f, 65520.0f, 6.1e-5f, 5.9e-8f,
  1e-30f, -1e-30f, 1e-39f, -1e-39f, 1e-45f, 0x1p-126f, -0x1p-126f, 16777216.0f, 2147483648.0f,
  -2147483648.0f, 1e12f, 1e30f, -1e30f, 3.4028235e38f, INFINITY, -INFINITY, NAN,
};

static void *operand(char type) {
  const size_t count = sizeof special / sizeof *special;
  float *all = numbers(ELEMENTS);
  if (type == 'i') {
    int32_t *whole = (int32_t *)all;
    for (int i = 0; i < ELEMENTS; i++) {
      whole[i] = i % 3 ? (int32_t)word() : (int32_t)(word() % 41) - 20;
      if (i % 50 == 0) whole[i] = INT32_MIN;
    }
    return all;
  }
  for (int i = 0; i < ELEMENTS; i++) {
    const uint32_t pick = word();
    if (pick % 3 == 0) all[i] = special[pick / 3 % count];
    else if (pick % 3 == 1) all[i] *= 0x1p6f;
    if (pick % 16 == 5) memcpy(all + i, &(uint32_t){word()}, 4);
  }
  return all;
}

static double by_sigmoid(double x) { return 1.0 / (1.0 + exp(-x)); }

/// What operations of one operand are in double, and by how many units in the last place they may
/// miss it.
static const struct { const char *name; double (*of)(double); double units; } known[] = {
  {"neg", NULL, 0.0}, {"exp", exp, 1.5}, {"expm1", expm1, 1.5}, {"log", log, 1.5},
  {"log1p", log1p, 1.5}, {"tanh", tanh, 1.5}, {"erf", erf, 1.5}, {"sigmoid", by_sigmoid, 2.5},
  {"sqrt", sqrt, 0.5}, {"floor", floor, 0.0}, {"ceil", ceil, 0.0}, {"trunc", trunc, 0.0},
};

/// What an operation of one operand gives, if it is known; NULL else.
static double *wanted(const char *name, const float *x, double *slack) {
  for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
    if (strcmp(known[k].name, name) != 0) continue;
    double *want = doubles(ELEMENTS);
    for (int i = 0; i < ELEMENTS; i++) {
      want[i] = known[k].of ? known[k].of(x[i]) : -(double)x[i];
      if (fabs(want[i]) > 3.4028236e38) want[i] = copysign(INFINITY, want[i]);
      int exponent;
      frexp(want[i], &exponent);
      slack[i] = fmax(known[k].units * ldexp(1.0, exponent - 24), 0x1p-149);
      // Subnormal numbers may be taken as zero.
      if (fabs(want[i]) < 0x1p-125) slack[i] = 0x1p-125;
      if (fabs(x[i]) < 0x1p-126f) slack[i] = INFINITY;
    }
    return want;
  }
  return NULL;
}

static void check_operations(void) {
  const int64_t dims[] = {ELEMENTS};
  for (int number = 0; number < BP_OP_MOVE; number++) {
    const char *types = bp_op_types(number);
    const int operands = (int)strlen(types) - 1;
    // Each operand a tensor, or one number where its bit is set; not all of them.
    for (int singles = 0; singles + 1 < 1 << operands; singles++) {
      describe("%s, single %d", bp_op_name(number), singles);
      seed((uint32_t)number + 1);
      builder *b = pass_of(BP_FLAT, 1, dims);
      int reg[3] = {0};
      void *x[3] = {0};
      for (int i = 0; i < operands; i++) {
        const char type = types[i + 1];
        x[i] = operand(type);
        const bool is_single = singles >> i & 1;
        reg[i] = is_single ? scalar(b, (const char *)x[i] + 4)
                           : input(b, x[i], type == 'i' ? BP_I32 : BP_F32, NULL);
      }
      const bool is_int = types[0] == 'i';
      void *result = floats(ELEMENTS);
      const uint16_t done = op(b, number, reg[0], reg[1], reg[2]);
      output(b, done, result, is_int ? BP_I32 : BP_F32, BP_FULL, NULL);
      double *slack = doubles(ELEMENTS);
      const double *want = operands == 1 && !is_int && types[1] == 'f'
        ? wanted(bp_op_name(number), x[0], slack) : NULL;
      check_pass(b, result, 4 * ELEMENTS, is_int, want, slack);
      release();
    }
  }
}

// Memory.

static void check_memory_types(void) {
  static const bp_dtype types[] = {BP_F32, BP_BF16, BP_F16, BP_I32, BP_U8, BP_BOOL};
  static const int sizes[] = {4, 2, 2, 4, 1, 1};
  const int64_t dims[] = {9, 28};
  // Dense, turned round, every other element, and one row for all.
  static const int64_t layouts[][2] = {{28, 1}, {1, 9}, {60, 2}, {0, 1}};
  for (int i = 0; i < 6; i++) {
    for (int layout = 0; layout < 4; layout++) {
      for (int o = 0; o < 6; o++) {
        // Float registers go to float types, int32 registers to the others.
        const bool from_int = types[i] == BP_I32 || types[i] == BP_U8;
        const bool to_int = types[o] == BP_I32 || types[o] == BP_U8;
        if (from_int != to_int) continue;
        describe("from type %d in layout %d to type %d", types[i], layout, types[o]);
        seed((uint32_t)(i * 7 + layout));
        builder *b = pass_of(BP_FLAT, 2, dims);
        const size_t room_for = layout == 2 ? 540 : 252;
        uint8_t *from = room(room_for * (size_t)sizes[i]);
        for (size_t at = 0; at < room_for * (size_t)sizes[i]; at++) {
          from[at] = (uint8_t)(word() >> 9);
        }
        // Stored turned round too, and whole words of results.
        const size_t bytes = 252 * (size_t)sizes[o];
        void *dense = room(2 * bytes);
        void *turned = (char *)dense + bytes;
        const uint16_t x = input(b, from, types[i], layouts[layout]);
        output(b, x, dense, types[o], BP_FULL, NULL);
        output(b, x, turned, types[o], BP_FULL, layouts[1]);
        // Narrow floats have NaN of their own, whose bits are the same on every level.
        check_pass(b, dense, 2 * bytes, types[o] != BP_F32, NULL, NULL);
        release();
      }
    }
  }
}

// Rows and columns.

static void check_rows(int64_t rows, int64_t columns) {
  describe("%lld rows of %lld", (long long)rows, (long long)columns);
  seed((uint32_t)columns);
  const int64_t dims[] = {rows, columns};
  const size_t count = (size_t)(rows * columns);
  builder *b = pass_of(BP_ROWS, 2, dims);
  float *from = numbers(count), *result = floats(count + 3 * (size_t)rows);
  double *want = doubles(count + 3 * (size_t)rows), *slack = doubles(count + 3 * (size_t)rows);
  const uint16_t x = input(b, from, BP_F32, NULL);
  const uint16_t most = op(b, BP_OP_ROW_MAX, x, 0, 0), least = op(b, BP_OP_ROW_MIN, x, 0, 0);
  const uint16_t e = op(b, BP_OP_EXP, op(b, BP_OP_SUB, x, most, 0), 0, 0);
  const uint16_t sum = op(b, BP_OP_ROW_SUM, e, 0, 0);
  output(b, op(b, BP_OP_DIV, e, sum, 0), result, BP_F32, BP_FULL, NULL);
  const int64_t by_row[] = {1, 0};
  output(b, sum, result + count, BP_F32, BP_ROW, by_row);
  output(b, most, result + count + rows, BP_F32, BP_ROW, by_row);
  output(b, least, result + count + 2 * rows, BP_F32, BP_ROW, by_row);
  for (int64_t i = 0; i < rows; i++) {
    const float *row = from + i * columns;
    double total = 0.0, top = row[0], bottom = row[0];
    for (int64_t j = 1; j < columns; j++) top = fmax(top, row[j]), bottom = fmin(bottom, row[j]);
    for (int64_t j = 0; j < columns; j++) total += exp(row[j] - top);
    for (int64_t j = 0; j < columns; j++) want[i * columns + j] = exp(row[j] - top) / total;
    double *at = want + count + i;
    at[0] = total, at[rows] = top, at[2 * rows] = bottom;
    slack[count + (size_t)i] = 1e-6 * total;
  }
  for (size_t i = 0; i < count; i++) slack[i] = 1e-6;
  check_pass(b, result, 4 * (count + 3 * (size_t)rows), false, want, slack);
  release();
}

static void check_columns(int64_t outer, int64_t rows, int64_t columns) {
  describe(
    "%lld times %lld rows of %lld, by columns", (long long)outer, (long long)rows,
    (long long)columns);
  seed((uint32_t)(rows + columns));
  const int64_t dims[] = {outer, rows, columns}, by_column[] = {columns, 0, 1};
  const size_t count = (size_t)(outer * columns);
  builder *b = pass_of(BP_COLUMNS, 3, dims);
  float *from = numbers((size_t)rows * count), *result = floats(2 * count);
  double *want = doubles(2 * count), *slack = doubles(2 * count);
  const uint16_t x = input(b, from, BP_F32, NULL);
  output(b, op(b, BP_OP_SQUARE, x, 0, 0), result, BP_F32, BP_COLUMN_SUM, by_column);
  output(b, x, result + count, BP_F32, BP_COLUMN_MAX, by_column);
  for (int64_t o = 0; o < outer; o++) {
    for (int64_t j = 0; j < columns; j++) {
      double *sum = want + o * columns + j, *most = sum + count;
      *most = -INFINITY;
      for (int64_t i = 0; i < rows; i++) {
        const double value = from[(o * rows + i) * columns + j];
        *sum += value * value;
        *most = fmax(*most, value);
      }
      slack[o * columns + j] = 1e-6 * (double)rows;
    }
  }
  check_pass(b, result, 8 * count, false, want, slack);
  release();
}

/// Positions, coordinates and random words, as int32, in whole runs and in rectangles.
static void check_positions(bool by_rectangles) {
  describe("positions, rectangles %d", by_rectangles);
  const int64_t dims[] = {3, 14, 37};
  enum { ALL = 3 * 14 * 37 };
  builder *b = pass_of(BP_FLAT, 3, dims);
  b->by_rectangles = by_rectangles;
  int32_t *result = room(4 * 4 * ALL);
  double *want = doubles(4 * ALL);
  const uint32_t key[2] = {0xdeadbeef, 77};
  const uint16_t first = scalar(b, &key[0]), second = scalar(b, &key[1]);
  output(b, op(b, BP_OP_INDEX, 0, 0, 0), result, BP_I32, BP_FULL, NULL);
  output(b, op(b, BP_OP_INDEX_DIM, 1, 0, 0), result + ALL, BP_I32, BP_FULL, NULL);
  output(b, op(b, BP_OP_INDEX_DIM, 2, 0, 0), result + 2 * ALL, BP_I32, BP_FULL, NULL);
  output(b, op(b, BP_OP_RANDOM_BITS, first, second, 0), result + 3 * ALL, BP_I32, BP_FULL, NULL);
  for (int i = 0; i < ALL; i++) {
    const uint32_t counter[4] = {(uint32_t)i / 4, 0, 0, 0};
    uint32_t words[4];
    bp_philox(counter, key, words);
    want[i] = i, want[ALL + i] = i / 37 % 14, want[2 * ALL + i] = i % 37;
    want[3 * ALL + i] = (int32_t)words[i % 4];
  }
  check_pass(b, result, 4 * 4 * ALL, true, want, NULL);
  release();
}

/// The same straight into rows that lie apart.
static void check_positions_apart(void) {
  describe("positions in rows that lie apart");
  enum { ROWS = 5, COLUMNS = 208, STEP = 230, ALL = ROWS * STEP };
  const int64_t dims[] = {ROWS, COLUMNS}, apart[] = {STEP, 1};
  builder *b = pass_of(BP_FLAT, 2, dims);
  int32_t *result = room(4 * 3 * ALL);
  double *want = doubles(3 * ALL);
  const uint32_t key[2] = {1, 2};
  const uint16_t first = scalar(b, &key[0]), second = scalar(b, &key[1]);
  output(b, op(b, BP_OP_INDEX, 0, 0, 0), result, BP_I32, BP_FULL, apart);
  output(b, op(b, BP_OP_INDEX_DIM, 1, 0, 0), result + ALL, BP_I32, BP_FULL, apart);
  output(
    b, op(b, BP_OP_RANDOM_BITS, first, second, 0), result + 2 * ALL, BP_I32, BP_FULL, apart);
  for (int i = 0; i < ALL; i++) {
    const int place = i / STEP * COLUMNS + i % STEP;
    const uint32_t counter[4] = {(uint32_t)place / 4, 0, 0, 0};
    uint32_t words[4];
    bp_philox(counter, key, words);
    const bool is_there = i % STEP < COLUMNS;
    want[i] = is_there ? place : -1, want[ALL + i] = is_there ? i % STEP : -1;
    want[2 * ALL + i] = is_there ? (int32_t)words[place % 4] : -1;
  }
  check_pass(b, result, 4 * 3 * ALL, true, want, NULL);
  release();
}

/// relu(x y + bias) with a bias of one row, in whole runs and in rectangles, x perhaps in blocks.
static void check_fused(bool by_rectangles, bool in_blocks) {
  describe("a fused pass, rectangles %d, blocks %d", by_rectangles, in_blocks);
  seed(5);
  const int64_t dims[] = {2, 21, 50}, by_row[] = {0, 0, 1};
  enum { ALL = 2 * 21 * 50 };
  builder *b = pass_of(BP_FLAT, 3, dims);
  b->by_rectangles = by_rectangles;
  float *left = numbers(ALL), *right = numbers(ALL), *bias = numbers(50), *result = floats(ALL);
  b->block = in_blocks ? left : NULL;
  const uint16_t x = input(b, in_blocks ? NULL : left, BP_F32, NULL);
  const uint16_t y = input(b, right, BP_F32, NULL);
  const uint16_t z = input(b, bias, BP_F32, by_row);
  const uint16_t sum = op(b, BP_OP_ADD, op(b, BP_OP_MUL, x, y, 0), z, 0);
  output(b, op(b, BP_OP_RELU, sum, 0, 0), result, BP_F32, BP_FULL, NULL);
  double *want = doubles(ALL);
  for (int i = 0; i < ALL; i++) {
    // Rounded twice, as alone: the product is no part of a multiply-add.
    const volatile float product = left[i] * right[i];
    const float sum_of = product + bias[i % 50];
    want[i] = sum_of > 0.0f ? sum_of : 0.0f;
  }
  check_pass(b, result, 4 * ALL, false, want, NULL);
  release();
}

void check_passes(void) {
  group("passes, operations");
  check_operations();
  group("passes, memory types");
  check_memory_types();
  group("passes, rows");
  for (int64_t columns = 1; columns <= 70; columns += 1 + columns / 5) check_rows(19, columns);
  check_rows(3, 1000);
  check_rows(2, 4097);
  group("passes, columns");
  check_columns(1, 5, 3);
  check_columns(2, 300, 40);
  check_columns(1, 1030, 17);
  check_columns(3, 9, 131);
  group("passes, positions and random words");
  check_positions(false);
  check_positions(true);
  check_positions_apart();
  group("passes, fused");
  check_fused(false, false);
  check_fused(true, false);
  check_fused(true, true);
}
