// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

#include "bp_gemm_plan.h"

const bp_gemm_kernels *bp_gemm_kernels_of(int level, int both_halves) {
  if (!bp_level_available(level)) return &bp_gemm_portable;
  switch (level) {
#if defined(__aarch64__)
    case BP_NEON: return &bp_gemm_neon;
#endif
#if defined(__x86_64__)
    case BP_AVX2: return &bp_gemm_avx2;
    case BP_AVX512:
      return both_halves && bp_level_has_bf16_dot(level) ? &bp_gemm_avx512_bf16 : &bp_gemm_avx512;
#endif
    default: (void)both_halves; return &bp_gemm_portable;
  }
}

/// A matrix times a vector is taken as a vector times a matrix: vectors run along the results.
static bool is_better_transposed(const bp_gemm_args *g) {
  return g->n == 1 && g->c_row == 1 && g->m > 1;
}

bp_product bp_product_of(const bp_gemm_args *args, int level) {
  bp_product p = {.g = *args};
  bp_gemm_args *g = &p.g;
  if (!args->panels && is_better_transposed(args)) {
    p.transposed = true;
    g->m = args->n, g->n = args->m;
    g->a = args->b, g->a_row = args->b_col, g->a_col = args->b_row, g->a_batch = args->b_batch;
    g->b = args->a, g->b_row = args->a_col, g->b_col = args->a_row, g->b_batch = args->a_batch;
    g->a_type = args->b_type, g->b_type = args->a_type;
    g->c_row = 1;
  }
  if (g->n == 1) g->b_col = 1;
  const bool halves = g->a_type == BP_BF16 || g->b_type == BP_BF16;
  // Without a k there is nothing to pack, and the tiles of pairs read packed operands only.
  p.dots = g->k > 0 && g->m == 1 && g->b_row == 1 && g->a_col == 1 && !g->panels;
  const bool pairs = g->a_type == BP_BF16 && g->b_type == BP_BF16 && g->k > 0 && !p.dots;
  p.kernels = bp_gemm_kernels_of(level, pairs);
  p.rounds = g->c_type == BP_BF16;
  p.passes = g->c_passes && g->epilogue && !p.rounds && g->m > 1 && g->n > 1;
  if (g->k == 0 || p.dots) return p;
  const size_t rows = (size_t)p.kernels->rows[BP_TILE_PACKED][2];
  p.pack_b = halves || g->panels || g->b_col != 1 || (g->m > 3 * rows && g->k * g->n > 4096);
  p.pack_a = halves || (p.pack_b && (g->a_col != 1 || g->n >= 128));
  return p;
}

bp_blocks bp_blocks_of(const bp_product *p, size_t m, size_t n) {
  enum { finished = 32 * 1024, longest = 1024, kept = 512, kept_a = 2 * 1024 * 1024 };
  enum { dots_finished = 512 };
  const bp_gemm_kernels *kernels = p->kernels;
  const size_t mr = (size_t)kernels->rows[BP_TILE_PACKED][2], nr = 2 * (size_t)kernels->lanes;
  bp_blocks blocks = {.kc = p->g.k, .mc = m, .nc = n, .rows = m};
  if (p->dots) {
    blocks.columns = bp_smaller(n, dots_finished);
    if (p->g.a_type == BP_BF16) blocks.a_floats = bp_round_up(p->g.k, 16);
    if (p->rounds) blocks.c_floats = bp_round_up(blocks.columns, 16);
    return blocks;
  }
  const bool deep = p->pack_b && p->g.k > kernels->depth * ((size_t)kernels->pairs + 1);
  if (p->rounds || (p->passes && deep)) {
    blocks.rows = bp_smaller(m, kept);
    blocks.nc = bp_smaller(n, kept);
    blocks.c_row = bp_round_up(blocks.nc, nr);
    blocks.c_floats = blocks.rows * blocks.c_row;
  }
  if (p->pack_b) {
    const size_t unit = (size_t)kernels->pairs + 1, depth = kernels->depth * unit;
    if (p->g.k > depth) {
      blocks.kc = bp_round_up(bp_parts(p->g.k, bp_parts(p->g.k, depth)), 4 * unit);
    }
    const size_t steps = bp_parts(blocks.kc, unit);
    size_t most = bp_larger(kernels->block / (4 * steps), mr);
    // What an epilogue gets are few long rows rather than many short ones.
    if (p->g.epilogue && blocks.c_row == 0) {
      const size_t rows = bp_larger(finished / bp_smaller(n, longest), 3 * mr);
      most = bp_smaller(most, bp_round_up(rows, mr));
    }
    blocks.mc = bp_parts(blocks.rows, bp_parts(blocks.rows, most));
    if (blocks.mc < blocks.rows) blocks.mc = bp_round_up(blocks.mc, mr);
    blocks.nc = bp_smaller(blocks.nc, bp_larger(kernels->panels / (4 * steps) / nr, 8) * nr);
    const size_t highest = bp_smaller(blocks.rows, bp_round_up(most, mr));
    const size_t whole = blocks.rows * bp_parts(p->g.k, blocks.kc) * steps;
    blocks.keeps_a = p->pack_a && blocks.nc < n && whole <= kept_a;
    if (p->pack_a) blocks.a_floats = bp_round_up(blocks.keeps_a ? whole : highest * steps, 16);
    // Where the rows are one block, a panel is packed, used and forgotten.
    blocks.b_floats = (blocks.mc < blocks.rows ? bp_round_up(blocks.nc, nr) : nr) * steps;
    if (p->g.panels) blocks.b_floats = 0;
  } else if (p->g.epilogue && m * n > finished) {
    blocks.rows = bp_smaller(bp_larger(finished / n, 64) / mr * mr, blocks.rows);
  }
  if (!p->pack_b) blocks.mc = blocks.rows;
  blocks.columns = blocks.nc;
  if (p->g.epilogue || p->rounds) {
    const size_t widest = bp_larger(finished / blocks.mc * 5 / 4, 2 * nr);
    blocks.columns = bp_round_up(bp_parts(blocks.nc, bp_parts(blocks.nc, widest)), 2 * nr);
  }
  if (p->passes && !deep) {
    // A tile may be four vectors wide, and reach that far beyond the block's end. An odd number of
    // lines from row to row spreads the rows over the cache.
    blocks.keeps_blocks = true;
    blocks.c_row = bp_round_up(blocks.columns + 2 * nr, nr) + (size_t)kernels->lanes;
    blocks.c_floats = bp_round_up(blocks.mc * blocks.c_row, 16);
  }
  return blocks;
}

/// How many parts of rows and of columns cost least: the part that takes longest to multiply, and
/// what every part packs for itself.
static void best_grid(const bp_product *p, size_t tasks, size_t *rows, size_t *columns) {
  const size_t mr = (size_t)p->kernels->rows[BP_TILE_PACKED][2];
  const size_t nr = 2 * (size_t)p->kernels->lanes;
  double least = 0.0;
  for (size_t across = 1; across <= tasks; across++) {
    if (tasks % across != 0) continue;
    const size_t m = bp_parts(p->g.m, tasks / across);
    const size_t n = bp_parts(bp_parts(p->g.n, nr), across) * nr;
    const double multiplied = (double)bp_larger(m, mr) * (double)n;
    const double packed_a = p->pack_a ? 10.0 * (double)m : 0.0;
    const double packed_b = p->pack_b ? 8.0 * (double)n : 0.0;
    const double cost = multiplied + packed_a + packed_b;
    if (least == 0.0 || cost < least) least = cost, *rows = tasks / across, *columns = across;
  }
}

/// The boundary before part `index` of `count`, a multiple of `unit` apart from the end.
static size_t boundary(size_t whole, size_t unit, size_t index, size_t count) {
  return bp_smaller(bp_parts(whole, unit) * index / count * unit, whole);
}

bp_region bp_region_of(const bp_product *p, size_t task, size_t tasks) {
  bp_region region = {0, p->g.batch, 0, p->g.m, 0, p->g.n};
  if (tasks <= 1) return region;
  if (p->g.batch >= tasks) {
    region.batch0 = boundary(p->g.batch, 1, task, tasks);
    region.batch1 = boundary(p->g.batch, 1, task + 1, tasks);
    return region;
  }
  // Whole batch entries first; the tasks of one entry share its matrix.
  size_t groups = p->g.batch;
  while (tasks % groups != 0) groups--;
  const size_t group = task % groups, part = task / groups;
  size_t rows = 1, columns = 1;
  best_grid(p, tasks / groups, &rows, &columns);
  region.batch0 = boundary(p->g.batch, 1, group, groups);
  region.batch1 = boundary(p->g.batch, 1, group + 1, groups);
  region.m0 = boundary(p->g.m, 1, part / columns, rows);
  region.m1 = boundary(p->g.m, 1, part / columns + 1, rows);
  const size_t nr = 2 * (size_t)p->kernels->lanes;
  region.n0 = boundary(p->g.n, nr, part % columns, columns);
  region.n1 = boundary(p->g.n, nr, part % columns + 1, columns);
  return region;
}

size_t bp_gemm_tasks(const bp_gemm_args *args, size_t threads, int level) {
  (void)level;
  const double least = 50e3, plenty = 32e6;
  const double work = (double)args->m * (double)args->n * (double)args->k * (double)args->batch;
  if (threads <= 1 || work < 2.0 * least) return 1;
  if (work < least * (double)threads) return (size_t)(work / least);
  const double each = work / (double)threads;
  return threads * (each < plenty ? 1 : each < 8.0 * plenty ? 2 : 4);
}

size_t bp_gemm_panels(const bp_gemm_args *args, int level, size_t *floats) {
  const size_t lanes = (size_t)bp_gemm_kernels_of(level, 0)->lanes;
  *floats = bp_round_up(args->n, lanes) * args->k;
  if (args->a_type != BP_F32 || args->b_type != BP_F32 || args->c_type != BP_F32) return 0;
  if (args->batch != 1 || *floats == 0 || is_better_transposed(args)) return 0;
  return bp_parts(args->n, 2 * lanes);
}

void bp_gemm_pack(const bp_gemm_args *args, int level, size_t first, size_t end, float *to) {
  const bp_gemm_kernels *kernels = bp_gemm_kernels_of(level, 0);
  const size_t lanes = (size_t)kernels->lanes, nr = 2 * lanes;
  for (size_t j = first * nr; j < bp_smaller(end * nr, args->n); j += nr) {
    const size_t valid = bp_smaller(nr, args->n - j), width = valid > lanes ? nr : lanes;
    const float *from = (const float *)args->b + (ptrdiff_t)j * args->b_col;
    kernels->pack_f32(to + j * args->k, width, valid, args->k, from, args->b_col, args->b_row);
  }
}

size_t bp_gemm_scratch(const bp_gemm_args *args, int level, size_t tasks) {
  if (args->m == 0 || args->n == 0 || args->batch == 0) return 0;
  const bp_product product = bp_product_of(args, level);
  size_t most = 0;
  for (size_t task = 0; task < tasks; task++) {
    const bp_region part = bp_region_of(&product, task, tasks);
    if (part.m0 == part.m1 || part.n0 == part.n1) continue;
    const bp_blocks blocks = bp_blocks_of(&product, part.m1 - part.m0, part.n1 - part.n0);
    most = bp_larger(most, blocks.a_floats + blocks.b_floats + blocks.c_floats);
  }
  return most * sizeof(float);
}
