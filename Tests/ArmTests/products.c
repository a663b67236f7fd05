// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Matrix products: transposed and strided operands, batches, bfloat16, panels packed once,
// epilogues.

#include "check.h"

#include <math.h>
#include <string.h>

typedef struct product {
  bp_gemm_args args;
  float *result;            // dense [batch, m, n]
  bool packs;               // B in panels, packed before the product
  bool has_epilogue;
} product;

/// Takes each finished block to the result; what was there already shows a block given twice.
static void take(void *context, const bp_gemm_block *block, void *scratch) {
  (void)scratch;
  const product *p = context;
  const bp_gemm_args *g = &p->args;
  for (size_t i = block->m0; i < block->m1; i++) {
    for (size_t j = block->n0; j < block->n1; j++) {
      const float *c;
      if (block->c) {
        c = block->c + (ptrdiff_t)(i - block->m0) * block->c_row + (ptrdiff_t)(j - block->n0);
      } else {
        c = (const float *)g->c + (ptrdiff_t)block->batch * g->c_batch + (ptrdiff_t)i * g->c_row
          + (ptrdiff_t)j;
      }
      float *to = p->result + (block->batch * g->m + i) * g->n + j;
      if (!isnan(*to)) fail("an epilogue was given a block twice");
      *to = *c;
    }
  }
}

static void run(void *context, int level, size_t tasks) {
  product *p = context;
  bp_gemm_args g = p->args;
  const size_t size = g.c_type == BP_BF16 ? 2 : 4, plane = (size_t)g.c_batch;
  if (!g.c_passes) memset(g.c, 0xff, g.batch * plane * size);
  if (p->packs) {
    size_t count;
    const size_t panels = bp_gemm_panels(&g, level, &count);
    if (panels > 0) {
      float *packed = room((4 * count + 63) / 64 * 64);
      bp_gemm_pack(&g, level, panels / 2, panels, packed);
      bp_gemm_pack(&g, level, 0, panels / 2, packed);
      g.panels = packed;
    }
  }
  void *scratch = room((bp_gemm_scratch(&g, level, tasks) + 63) / 64 * 64);
  for (size_t task = tasks; task-- > 0;) bp_gemm_run(&g, tasks, level, task, tasks, scratch, NULL);
  for (size_t b = 0; b < g.batch && !p->has_epilogue; b++) {
    for (size_t i = 0; i < g.m; i++) {
      for (size_t j = 0; j < (size_t)g.c_row; j++) {
        const size_t at = b * plane + i * (size_t)g.c_row + j;
        uint32_t bits = 0;
        if (size == 2) bits = (uint32_t)((const uint16_t *)g.c)[at] << 16;
        else memcpy(&bits, (const float *)g.c + at, 4);
        if (j < g.n) memcpy(p->result + (b * g.m + i) * g.n + j, &bits, 4);
        else if (bits >> 16 != 0xffff) fail("a product wrote beside C");
      }
    }
  }
}

/// How the operands lie, what they are, and what becomes of C.
typedef struct form {
  bool a_turned, b_turned, a_half, b_half, c_half, repeats_b, apart;
  bool packs, has_epilogue, passes;
} form;

/// An operand of random numbers, and what they are as floats.
static const void *operand(size_t count, bool is_half, float **values) {
  if (is_half) return halves(count, values);
  return *values = numbers(count);
}

/// A product of these sizes by plain loops, then by the kernels.
static void check_product(size_t m, size_t k, size_t n, size_t batch, form f) {
  describe(
    "%zu x %zu x %zu, %zu times; turned %d %d, bfloat16 %d %d %d, one B %d, apart %d, panels %d, "
    "epilogue %d, passed %d", m, k, n, batch, f.a_turned, f.b_turned, f.a_half, f.b_half, f.c_half,
    f.repeats_b, f.apart, f.packs, f.has_epilogue, f.passes);
  seed((uint32_t)(m * 31 + k * 7 + n));
  // Apart: every second element of a row.
  const size_t step = f.apart ? 2 : 1;
  const size_t a_inner = (f.a_turned ? m : k) * step, a_plane = a_inner * (f.a_turned ? k : m);
  const size_t b_inner = (f.b_turned ? k : n) * step, b_plane = b_inner * (f.b_turned ? n : k);
  const size_t c_row = n + (m + k) % 3;
  float *a, *b;
  product p = {.packs = f.packs, .has_epilogue = f.has_epilogue};
  p.args = (bp_gemm_args){
    .m = m, .n = n, .k = k, .batch = batch, .a = operand(batch * a_plane, f.a_half, &a),
    .a_row = (ptrdiff_t)(f.a_turned ? step : a_inner),
    .a_col = (ptrdiff_t)(f.a_turned ? a_inner : step), .a_batch = (ptrdiff_t)a_plane,
    .b = operand((f.repeats_b ? 1 : batch) * b_plane, f.b_half, &b),
    .b_row = (ptrdiff_t)(f.b_turned ? step : b_inner),
    .b_col = (ptrdiff_t)(f.b_turned ? b_inner : step),
    .b_batch = f.repeats_b ? 0 : (ptrdiff_t)b_plane,
    .c_row = (ptrdiff_t)c_row, .c_batch = (ptrdiff_t)(m * c_row),
    .a_type = f.a_half ? BP_BF16 : BP_F32, .b_type = f.b_half ? BP_BF16 : BP_F32,
    .c_type = f.c_half ? BP_BF16 : BP_F32, .c_passes = f.passes,
  };
  if (f.has_epilogue) p.args.epilogue = take, p.args.epilogue_context = &p;
  if (!f.passes) p.args.c = room(batch * m * c_row * (f.c_half ? 2 : 4));
  p.result = floats(batch * m * n);
  double *want = doubles(batch * m * n), *slack = doubles(batch * m * n);
  for (size_t e = 0, at = 0; e < batch; e++) {
    for (size_t i = 0; i < m; i++) {
      for (size_t j = 0; j < n; j++, at++) {
        double size = 0.0;
        for (size_t q = 0; q < k; q++) {
          const double x = a[(ptrdiff_t)e * p.args.a_batch + (ptrdiff_t)i * p.args.a_row
            + (ptrdiff_t)q * p.args.a_col];
          const double y = b[(ptrdiff_t)e * p.args.b_batch + (ptrdiff_t)q * p.args.b_row
            + (ptrdiff_t)j * p.args.b_col];
          want[at] += x * y;
          size += fabs(x * y);
        }
        slack[at] = 0x1p-24 * (double)(k + 1) * size + (f.c_half ? 0x1p-8 * fabs(want[at]) : 0.0);
      }
    }
  }
  check(&(trial){
    .run = run, .context = &p, .result = p.result, .count = batch * m * n, .want = want,
    .slack = slack, .pairs = f.a_half && f.b_half,
  });
  release();
}

void check_products(void) {
  static const size_t larger[][3] = {
    {32, 300, 40}, {97, 65, 130}, {61, 800, 33}, {5, 900, 300}, {1, 513, 129}, {257, 129, 1},
    {200, 401, 70},
  };
  group("products, small");
  static const size_t heights[] = {0, 1, 2, 3, 5, 7, 11, 12, 13, 25};
  static const size_t widths[] = {1, 3, 4, 5, 7, 8, 9, 16, 17, 33}, depths[] = {0, 1, 3, 4, 17};
  for (int turned = 0; turned < 4; turned++) {
    for (int i = 0; i < 10; i++) {
      for (int j = 0; j < 10; j++) {
        for (int q = 0; q < 5; q++) {
          check_product(
            heights[i], depths[q], widths[j], 1,
            (form){.a_turned = turned & 1, .b_turned = turned >> 1});
        }
      }
    }
  }
  group("products, packed and in blocks");
  for (int turned = 0; turned < 4; turned++) {
    for (int i = 0; i < 7; i++) {
      check_product(
        larger[i][0], larger[i][1], larger[i][2], 1,
        (form){.a_turned = turned & 1, .b_turned = turned >> 1});
    }
  }
  check_product(40, 520, 1700, 1, (form){.a_turned = true});
  group("products, columns that lie pages apart");
  check_product(1, 1024, 70, 1, (form){.b_turned = true});
  check_product(1, 2048, 37, 1, (form){.b_turned = true, .b_half = true});
  group("products, other strides");
  for (int i = 0; i < 5; i++) {
    check_product(larger[i][0], larger[i][1], larger[i][2], 1, (form){.apart = true});
  }
  group("products, in batches");
  for (int kind = 0; kind < 4; kind++) {
    const form f = {.b_turned = kind & 1, .repeats_b = kind >> 1};
    check_product(5, 7, 9, 3, f);
    check_product(40, 64, 40, 4, f);
    check_product(1, 8, 20, 6, f);
    check_product(20, 300, 33, 2, f);
  }
  group("products, panels packed once");
  for (int turned = 0; turned < 4; turned++) {
    for (int i = 0; i < 5; i++) {
      check_product(
        larger[i][0], larger[i][1], larger[i][2], 1,
        (form){.a_turned = turned & 1, .b_turned = turned >> 1, .packs = true});
    }
  }
  group("products, bfloat16");
  for (int kind = 1; kind < 8; kind++) {
    for (int turned = 0; turned < 4; turned++) {
      const form f = {
        .a_turned = turned & 1, .b_turned = turned >> 1, .a_half = kind & 1,
        .b_half = kind >> 1 & 1, .c_half = kind >> 2,
      };
      check_product(3, 5, 7, 1, f);
      check_product(13, 33, 35, 2, f);
      check_product(1, 75, 70, 1, f);
      check_product(70, 75, 1, 1, f);
      check_product(60, 601, 90, 1, f);
    }
  }
  group("products, epilogues");
  for (int passes = 0; passes < 2; passes++) {
    for (int turned = 0; turned < 2; turned++) {
      const form f = {
        .a_turned = turned, .b_turned = turned, .has_epilogue = true, .passes = passes,
      };
      check_product(6, 9, 9, 2, f);
      check_product(32, 16, 16, 1, f);
      check_product(150, 20, 400, 1, f);
      check_product(100, 900, 150, 1, f);
      check_product(7, 10, 3000, 1, f);
      check_product(3000, 4, 8, 1, f);
      if (passes) continue;
      check_product(1, 300, 300, 1, f);
      check_product(300, 60, 1, 1, f);
    }
  }
}
