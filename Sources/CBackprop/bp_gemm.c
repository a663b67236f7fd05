// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// The matrix product: one task, walked in blocks that fit the caches. The arithmetic is in the
// tiles of the SIMD levels; how the blocks are chosen is in bp_gemm_plan.c.

#include "bp_gemm_plan.h"

/// The rows of a block as tiles of even height: the first `taller` have one row more.
typedef struct bp_heights {
  size_t count, height, taller;
} bp_heights;

static bp_heights heights_of(size_t rows, size_t most) {
  if (rows <= most) return (bp_heights){1, rows, 0};
  const size_t count = bp_parts(rows, most);
  return (bp_heights){count, rows / count, rows % count};
}

static const void *element(const void *base, int type, ptrdiff_t at) {
  return (const char *)base + at * (type == BP_BF16 ? 2 : 4);
}

/// Asks for columns of A whose rows lie adjacent, k0 and on for k steps.
static void ask_for_columns(const bp_product *p, const void *a, size_t rows, size_t k0, size_t k) {
  const size_t bytes = rows * (p->g.a_type == BP_BF16 ? 2 : 4);
  for (size_t i = k0; i < k0 + k; i++) {
    const char *column = element(a, p->g.a_type, (ptrdiff_t)i * p->g.a_col);
    for (size_t byte = 0; byte < bytes; byte += 64) __builtin_prefetch(column + byte);
  }
}

/// Packs rows of A, k0 and on for k steps, tile after tile.
static void pack_rows(
  const bp_product *p, const void *a, size_t rows, size_t k, size_t steps, float *to
) {
  const bp_gemm_kernels *kernels = p->kernels;
  bp_pack_fn *pack = p->g.a_type == BP_BF16 ? kernels->pack_bf16 : kernels->pack_f32;
  const bp_heights heights = heights_of(rows, (size_t)kernels->rows[BP_TILE_PACKED][2]);
  // Where the rows lie adjacent, few steps at a time: a cache line serves several tiles.
  const size_t unit = (size_t)kernels->pairs + 1;
  const size_t stretch = p->g.a_row == 1 ? 8 * unit : k;
  for (size_t k0 = 0; k0 < k; k0 += stretch) {
    const size_t length = bp_smaller(stretch, k - k0);
    if (p->g.a_row == 1) ask_for_columns(p, a, rows, k0 + length, bp_smaller(length, k - k0 - length));
    float *panel = to;
    ptrdiff_t row = 0;
    for (size_t i = 0; i < heights.count; i++) {
      const size_t height = heights.height + (i < heights.taller);
      pack(
        panel + k0 / unit * height, height, height, length,
        element(a, p->g.a_type, row * p->g.a_row + (ptrdiff_t)k0 * p->g.a_col), p->g.a_row,
        p->g.a_col);
      panel += height * steps;
      row += (ptrdiff_t)height;
    }
  }
}

/// Memory that will be packed next: `runs` runs of so many lines of 64 bytes, `stride` bytes apart.
/// It is asked for while tiles are multiplied, as packing has nothing else to do meanwhile.
typedef struct bp_ahead {
  const char *base;
  ptrdiff_t stride;
  size_t runs, lines, at;
} bp_ahead;

/// The panel of B behind the one at hand, from step k0 and column j on.
static bp_ahead panel_ahead(
  const bp_product *p, const void *b, size_t k0, size_t k, size_t j, size_t columns
) {
  // What is smaller is likely to lie in a cache, where asking would only cost.
  enum { large = 6 * 1024 * 1024 };
  const bp_gemm_args *g = &p->g;
  const ptrdiff_t size = g->b_type == BP_BF16 ? 2 : 4;
  if (columns == 0 || (g->b_col != 1 && g->b_row != 1)) return (bp_ahead){0};
  if (g->k * g->n * (size_t)size < large) return (bp_ahead){0};
  const bool along_columns = g->b_col == 1;
  const ptrdiff_t at = (ptrdiff_t)k0 * g->b_row + (ptrdiff_t)j * g->b_col;
  const size_t run = along_columns ? columns : k;
  return (bp_ahead){
    .base = (const char *)b + at * size,
    .stride = (along_columns ? g->b_row : g->b_col) * size,
    .runs = along_columns ? k : columns,
    .lines = bp_parts(run * (size_t)size + 63, 64),
  };
}

/// Asks for one of `parts` equal parts.
static void ask_ahead(bp_ahead *ahead, size_t part, size_t parts) {
  const size_t all = ahead->runs * ahead->lines, end = all * (part + 1) / parts;
  if (all == 0) return;
  size_t run = ahead->at / ahead->lines, line = ahead->at % ahead->lines;
  for (; ahead->at < end; ahead->at++) {
    __builtin_prefetch(ahead->base + (ptrdiff_t)run * ahead->stride + 64 * (ptrdiff_t)line, 0, 2);
    if (++line == ahead->lines) line = 0, run++;
  }
}

/// One column of tiles: `rows` rows of C, `width` columns.
static void run_tiles(
  const bp_product *p, bp_tile *t, size_t rows, size_t vectors, const float *packed_a,
  const float *a, bp_ahead *ahead
) {
  const bp_gemm_kernels *kernels = p->kernels;
  const int mode = p->pack_a ? BP_TILE_PACKED
    : p->pack_b || t->lanes == kernels->lanes ? BP_TILE_STRIDED : BP_TILE_MASKED;
  size_t most = (size_t)kernels->rows[mode][p->pack_a ? 2 : vectors];
  // Rows a power of two apart fall into the same few lines of the first-level cache.
  if (!p->pack_a && p->g.a_row % 1024 == 0) most = bp_smaller(most, 7);
  const bp_heights heights = heights_of(rows, most);
  bp_tile_fn *const *tiles = kernels->tile[mode][vectors];
  t->a = p->pack_a ? packed_a : a;
  for (size_t i = 0; i < heights.count; i++) {
    const size_t height = heights.height + (i < heights.taller);
    ask_ahead(ahead, i, heights.count);
    tiles[height](t);
    t->a += p->pack_a ? (ptrdiff_t)(height * t->k) : (ptrdiff_t)height * t->a_row;
    t->c += (ptrdiff_t)height * t->c_row;
  }
}

static void finish(
  const bp_product *p, size_t batch, size_t m0, size_t m1, size_t n0, size_t n1,
  const float *kept, size_t kept_row, void *epilogue_scratch
) {
  // `kept`: where the block's sums are, if they are not in C.
  const bp_gemm_args *g = &p->g;
  if (p->rounds) {
    uint16_t *c = (uint16_t *)g->c + (ptrdiff_t)batch * g->c_batch;
    // One column of the transposed product is one row of C.
    for (size_t i = m0; i < m1; i++) {
      p->kernels->round_bf16(
        c + (ptrdiff_t)i * g->c_row + n0, kept + (i - m0) * kept_row, n1 - n0);
    }
  }
  if (!g->epilogue) return;
  bp_gemm_block block = {.batch = batch, .m0 = m0, .m1 = m1, .n0 = n0, .n1 = n1};
  if (p->transposed) {
    block.m0 = n0, block.m1 = n1, block.n0 = m0, block.n1 = m1;
  } else if (p->passes) {
    block.c = kept, block.c_row = (ptrdiff_t)kept_row;
  }
  g->epilogue(g->epilogue_context, &block, epilogue_scratch);
}

/// One part of one batch entry.
static void run_part(
  const bp_product *p, const bp_blocks *blocks, size_t batch, const bp_region *part,
  float *scratch, void *epilogue_scratch
) {
  const bp_gemm_args *g = &p->g;
  const bp_gemm_kernels *kernels = p->kernels;
  const size_t lanes = (size_t)kernels->lanes, unit = (size_t)kernels->pairs + 1;
  const size_t wide = 4 * lanes;
  const void *a = element(g->a, g->a_type, (ptrdiff_t)batch * g->a_batch);
  const void *b = element(g->b, g->b_type, (ptrdiff_t)batch * g->b_batch);
  float *packed_a = scratch, *packed_b = packed_a + blocks->a_floats;
  float *kept = packed_b + blocks->b_floats;
  const size_t kept_row = blocks->c_row;
  const bool keeps = p->rounds || p->passes;
  bp_pack_fn *pack = g->b_type == BP_BF16 ? kernels->pack_bf16 : kernels->pack_f32;

  for (size_t im = part->m0; im < part->m1; im += blocks->rows) {
    const size_t rows_end = bp_smaller(im + blocks->rows, part->m1);
    const bool once = im + blocks->mc >= rows_end;
    const size_t im_rows = rows_end - im;
    for (size_t jc = part->n0; jc < part->n1; jc += blocks->nc) {
      const size_t columns_end = bp_smaller(jc + blocks->nc, part->n1);
      size_t k0 = 0;
      do {
        const size_t k = bp_smaller(blocks->kc, g->k - k0), steps = bp_parts(k, unit);
        const bool last = k0 + k >= g->k;
        for (size_t ic = im; ic < rows_end; ic += blocks->mc) {
          const size_t rows = bp_smaller(blocks->mc, rows_end - ic);
          const ptrdiff_t a_at = (ptrdiff_t)ic * g->a_row + (ptrdiff_t)k0 * g->a_col;
          float *block_a = packed_a + (blocks->keeps_a ? im_rows * k0 / unit + (ic - im) * steps : 0);
          if (p->pack_a && (jc == part->n0 || !blocks->keeps_a)) {
            pack_rows(p, element(a, g->a_type, a_at), rows, k, steps, block_a);
          }
          size_t block0 = jc;
          for (size_t j = jc; j < columns_end;) {
            const size_t left = columns_end - j;
            size_t vectors = left > lanes ? 2 : 1;
            if (!p->pack_b && left >= wide
              && rows <= (size_t)kernels->rows[BP_TILE_STRIDED][4]) vectors = 4;
            const size_t width = vectors * lanes, valid = bp_smaller(width, left);
            bp_tile t = {
              .k = steps, .a_row = g->a_row, .a_col = g->a_col, .more = k0 > 0,
              .lanes = (int)(valid - (vectors - 1) * lanes),
            };
            const ptrdiff_t b_at = (ptrdiff_t)k0 * g->b_row + (ptrdiff_t)j * g->b_col;
            if (g->panels) {
              t.b = g->panels + j * g->k + k0 * width, t.b_row = (ptrdiff_t)width;
            } else if (p->pack_b) {
              float *panel = packed_b + (once ? 0 : (j - jc) * steps);
              if (ic == im) {
                pack(panel, width, valid, k, element(b, g->b_type, b_at), g->b_col, g->b_row);
              }
              t.b = panel, t.b_row = (ptrdiff_t)width;
            } else {
              t.b = (const float *)b + b_at, t.b_row = g->b_row;
            }
            const float *block = blocks->keeps_blocks
              ? kept : kept + (ic - im) * kept_row + (block0 - jc);
            if (keeps) {
              t.c = (float *)block + (j - block0), t.c_row = (ptrdiff_t)kept_row;
            } else {
              t.c_row = g->c_row;
              t.c = (float *)g->c + (ptrdiff_t)batch * g->c_batch + (ptrdiff_t)ic * g->c_row
                + (ptrdiff_t)j;
            }
            bp_ahead ahead = {0};
            if (p->pack_b && !g->panels && ic == im) {
              const size_t next = bp_smaller(2 * lanes, left - valid);
              ahead = panel_ahead(p, b, k0, k, j + valid, next);
            }
            run_tiles(
              p, &t, rows, vectors, block_a, p->pack_a ? NULL : (const float *)a + a_at, &ahead);
            j += valid;
            if (last && (j == columns_end || j - block0 >= blocks->columns)) {
              finish(
                p, batch, ic, ic + rows, block0, j, block, kept_row, epilogue_scratch);
              block0 = j;
            }
          }
        }
        k0 += k;
      } while (k0 < g->k);
    }
  }
}

/// A vector times a matrix with contiguous columns: some hundred results at a time.
static void run_dots(
  const bp_product *p, const bp_blocks *blocks, size_t batch, const bp_region *part,
  float *scratch, void *epilogue_scratch
) {
  const bp_gemm_args *g = &p->g;
  const bp_gemm_kernels *kernels = p->kernels;
  const void *a = element(g->a, g->a_type, (ptrdiff_t)batch * g->a_batch);
  const void *b = element(g->b, g->b_type, (ptrdiff_t)batch * g->b_batch);
  float *sums = scratch + blocks->a_floats;
  if (g->a_type == BP_BF16) {
    kernels->pack_bf16(scratch, g->k, g->k, 1, a, 1, 0);
    a = scratch;
  }
  bp_dots_fn *dots = g->b_type == BP_BF16 ? kernels->dots_bf16 : kernels->dots_f32;
  for (size_t j = part->n0; j < part->n1; j += blocks->columns) {
    const size_t end = bp_smaller(j + blocks->columns, part->n1);
    float *c = p->rounds ? sums : (float *)g->c + (ptrdiff_t)batch * g->c_batch + j;
    const void *columns = element(b, g->b_type, (ptrdiff_t)j * g->b_col);
    dots(c, end - j, part->n1 - end, columns, g->b_col, a, g->k);
    finish(p, batch, 0, 1, j, end, sums, 0, epilogue_scratch);
  }
}

void bp_gemm_run(
  const bp_gemm_args *args, size_t threads, int level, size_t task, size_t tasks, void *scratch,
  void *epilogue_scratch
) {
  (void)threads;
  if (args->m == 0 || args->n == 0 || args->batch == 0) return;
  const bp_product product = bp_product_of(args, level);
  const bp_region region = bp_region_of(&product, task, tasks);
  if (region.m0 == region.m1 || region.n0 == region.n1) return;
  const bp_blocks blocks = bp_blocks_of(&product, region.m1 - region.m0, region.n1 - region.n0);
  for (size_t batch = region.batch0; batch < region.batch1; batch++) {
    if (product.dots) {
      run_dots(&product, &blocks, batch, &region, scratch, epilogue_scratch);
    } else {
      run_part(&product, &blocks, batch, &region, scratch, epilogue_scratch);
    }
  }
}
