// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// The functions that the formulas of elementwise.def are written in. One source for every SIMD level
// and for CUDA: F, I, U are float, int32, uint32 (16 lanes of each on a CPU, one in CUDA), D and L
// double and int64. Only IEEE operations, no contraction, fma where it is written: so every
// level computes the same bits. Errors in ulps of the result, measured over a 211th of all floats
// (pow: over random pairs).

#ifndef BP_MATH_H
#define BP_MATH_H

#ifdef __CUDACC__

#define BP_FN static __device__ __forceinline__
typedef float F;
typedef double D;
typedef int I;
typedef unsigned int U;
typedef long long L;
#define bp_f(c) (c)
#define bp_i(c) (c)
#define bp_as_f(v) __int_as_float((int)(v))
#define bp_as_i(v) __float_as_int(v)
#define bp_as_d(v) __longlong_as_double(v)
#define bp_as_l(v) __double_as_longlong(v)
#define bp_truth(m) ((m) ? 1.0f : 0.0f)
#define bp_not(m) (!(m))
#define bp_i2f(v) ((float)(int)(v))
#define bp_u2f(v) ((float)(unsigned int)(v))
#define bp_to_i(v) ((int)(v))
#define bp_f2d(v) ((double)(v))
#define bp_i2d(v) ((double)(v))
#define bp_d2f(v) ((float)(v))
#define bp_l2i(v) ((int)(v))
#define bp_fma(x, y, z) fmaf(x, y, z)
#define bp_fma_d(x, y, z) fma((double)(x), (double)(y), (double)(z))
#define bp_sqrt(x) sqrtf(x)
#define bp_floor(x) floorf(x)
#define bp_floor_d(x) floor(x)
#define bp_rint_d(x) rint(x)
#define bp_ceil(x) ceilf(x)
#define bp_rint(x) rintf(x)
#define bp_trunc(x) truncf(x)
#define bp_abs(x) fabsf(x)

#else

#define BP_FN static inline __attribute__((always_inline))
typedef float F __attribute__((ext_vector_type(16)));
typedef double D __attribute__((ext_vector_type(16)));
typedef int I __attribute__((ext_vector_type(16)));
typedef unsigned int U __attribute__((ext_vector_type(16)));
typedef long long L __attribute__((ext_vector_type(16)));
#define bp_f(c) ((F)(float)(c))
#define bp_i(c) ((I)(int)(c))
#define bp_as_f(v) ((F)(I)(v))
#define bp_as_i(v) ((I)(F)(v))
#define bp_as_d(v) ((D)(L)(v))
#define bp_as_l(v) ((L)(D)(v))
#define bp_truth(m) ((F)((m) & 0x3f800000))
#define bp_not(m) (~(m))
#define bp_i2f(v) __builtin_convertvector((I)(v), F)
#define bp_u2f(v) __builtin_convertvector((U)(v), F)
#define bp_to_i(v) __builtin_convertvector((F)(v), I)
#define bp_f2d(v) __builtin_convertvector((F)(v), D)
#define bp_i2d(v) __builtin_convertvector((I)(v), D)
#define bp_d2f(v) __builtin_convertvector((D)(v), F)
#define bp_l2i(v) __builtin_convertvector((L)(v), I)
#define bp_fma(x, y, z) __builtin_elementwise_fma((F)(x), (F)(y), (F)(z))
#define bp_fma_d(x, y, z) __builtin_elementwise_fma((D)(x), (D)(y), (D)(z))
#define bp_sqrt(x) __builtin_elementwise_sqrt(x)
#define bp_floor(x) __builtin_elementwise_floor(x)
#define bp_floor_d(x) __builtin_elementwise_floor(x)
#define bp_rint_d(x) __builtin_elementwise_roundeven(x)
#define bp_ceil(x) __builtin_elementwise_ceil(x)
#define bp_rint(x) __builtin_elementwise_roundeven(x)
#define bp_trunc(x) __builtin_elementwise_trunc(x)
#define bp_abs(x) __builtin_elementwise_abs(x)

#endif

#define bp_select(m, a, b) ((m) ? (F)(a) : (F)(b))
#define bp_select_i(m, a, b) ((m) ? (I)(a) : (I)(b))
#define bp_select_d(m, a, b) ((m) ? (D)(a) : (D)(b))
#define BP_INFINITY bp_f(__builtin_inff())
#define BP_NAN bp_f(__builtin_nanf(""))

// int32 arithmetic that wraps.
#define bp_add_i(x, y) ((I)((U)(x) + (U)(y)))
#define bp_sub_i(x, y) ((I)((U)(x) - (U)(y)))
#define bp_mul_i(x, y) ((I)((U)(x) * (U)(y)))
#define bp_shl_i(x, y) ((I)((U)(x) << ((U)(y) & 31u)))
#define bp_shr_i(x, y) ((I)((U)(x) >> ((U)(y) & 31u)))

BP_FN I bp_abs_i(I x) { return bp_select_i(x < 0, bp_sub_i(bp_i(0), x), x); }

BP_FN I bp_sign_i(I x) { return bp_select_i(x > 0, bp_i(1), x >> 31); }

/// The quotient rounded down, by double: exact, for no quotient of two int32 lies nearer to the
/// integer above it than 2^-31 of itself. The sum leaves its low 32 bits in the mantissa.
BP_FN I bp_div_i(I x, I y) {
  D quotient = bp_floor_d(bp_i2d(x) / bp_i2d(y)) + 6755399441055744.0;
  return bp_select_i(y == 0, bp_i(0), bp_l2i(bp_as_l(quotient)));
}

BP_FN I bp_mod_i(I x, I y) {
  return bp_select_i(y == 0, bp_i(0), bp_sub_i(x, bp_mul_i(bp_div_i(x, y), y)));
}

/// Truncates; saturates; NaN gives 0.
BP_FN I bp_f2i(F x) {
  F safe = bp_select(bp_abs(x) < 2147483648.0f, x, bp_f(0.0f));
  I outside = bp_select_i(x >= 2147483648.0f, bp_i(2147483647), bp_i(0));
  outside = bp_select_i(x <= -2147483648.0f, bp_i(-2147483647 - 1), outside);
  return bp_to_i(safe) | outside;
}

BP_FN F bp_copysign(F magnitude, F sign) {
  return bp_as_f((bp_as_i(magnitude) & 0x7fffffff) | (bp_as_i(sign) & bp_i(0x80000000)));
}

BP_FN F bp_sign(F x) {
  return bp_select(x > 0.0f, bp_f(1.0f), bp_select(x < 0.0f, bp_f(-1.0f), x));
}

BP_FN F bp_max(F x, F y) { return bp_select((x > y) | (x != x), x, y); }
BP_FN F bp_min(F x, F y) { return bp_select((x < y) | (x != x), x, y); }

/// The nearest bfloat16, ties to even; NaN stays NaN.
BP_FN F bp_round_bf16(F x) {
  U u = (U)bp_as_i(x);
  U rounded = (u + 0x7fffu + ((u >> 16) & 1u)) & 0xffff0000u;
  return bp_as_f(bp_select_i(x != x, (u | 0x400000u) & 0xffff0000u, rounded));
}

/// The nearest float16, ties to even, its subnormals and infinity included.
BP_FN F bp_round_f16(F x) {
  U u = (U)bp_as_i(x) & 0x7fffffffu;
  F a = bp_abs(x);
  F normal = bp_as_f((u + 0xfffu + ((u >> 13) & 1u)) & 0xffffe000u);
  F small = (a + 0.5f) - 0.5f;
  F y = bp_select(a < 6.103515625e-05f, small, normal);
  y = bp_select(a >= 65520.0f, BP_INFINITY, y);
  y = bp_select(x != x, x, y);
  return bp_copysign(y, x);
}

/// e to the r times 2 to the k as e^x, without the scaling: p is e^r, k an integer in a float's low
/// bits. |x| at most 128.
#define BP_EXP_REDUCE(x)                                                            \
  F t = bp_fma(x, bp_f(0x1.715476p+0f), bp_f(12582912.0f));                         \
  F kf = t - 12582912.0f;                                                           \
  F r = bp_fma(kf, bp_f(-0x1.62e400p-1f), x);                                       \
  r = bp_fma(kf, bp_f(-0x1.7f7d1cp-20f), r);                                        \
  I k = bp_sub_i(bp_as_i(t), bp_i(0x4b400000))

/// e^r for |r| <= log(2) / 2.
BP_FN F bp_exp_reduced(F r) {
  F p = bp_fma(bp_f(0x1.6a23f8p-10f), r, bp_f(0x1.123a0cp-7f));
  p = bp_fma(p, r, bp_f(0x1.5558f2p-5f));
  p = bp_fma(p, r, bp_f(0x1.555492p-3f));
  p = bp_fma(p, r, bp_f(0x1.fffffcp-2f));
  p = bp_fma(p, r, bp_f(1.0f));
  return bp_fma(p, r, bp_f(1.0f));
}

/// 1.0 ulp, subnormal results included. Scaled in two steps, so that they round once.
BP_FN F bp_exp(F v) {
  F x = bp_select(v > 89.0f, bp_f(89.0f), v);
  x = bp_select(x < -104.0f, bp_f(-104.0f), x);
  BP_EXP_REDUCE(x);
  I half = k >> 1;
  F s1 = bp_as_f(bp_add_i(half, bp_i(127)) << 23);
  F s2 = bp_as_f(bp_add_i(bp_sub_i(k, half), bp_i(127)) << 23);
  return (bp_exp_reduced(r) * s1) * s2;
}

/// e^x for x that is at most a little above 0; 0 where that is less than 2^-126. 1.0 ulp.
BP_FN F bp_exp_below(F v) {
  F x = bp_select(v < -87.0f, bp_f(-87.0f), v);
  BP_EXP_REDUCE(x);
  F y = bp_exp_reduced(r) * bp_as_f(bp_add_i(k, bp_i(127)) << 23);
  return bp_select(v < -87.0f, bp_f(0.0f), y);
}

/// e^x for x in [-60, 60].
BP_FN F bp_exp_middle(F x) {
  BP_EXP_REDUCE(x);
  return bp_as_f(bp_add_i(bp_as_i(bp_exp_reduced(r)), k << 23));
}

/// 1.1 ulp. What rounding takes from r is added back, as 2^k - 1 may cancel most of 2^k r.
BP_FN F bp_expm1(F v) {
  F x = bp_select(v > 89.0f, bp_f(89.0f), v);
  x = bp_select(x < -20.0f, bp_f(-20.0f), x);
  BP_EXP_REDUCE(x);
  F p = bp_fma(bp_f(0x1.a1a19ap-13f), r, bp_f(0x1.6d74b6p-10f));
  p = bp_fma(p, r, bp_f(0x1.111090p-7f));
  p = bp_fma(p, r, bp_f(0x1.5554aep-5f));
  p = bp_fma(p, r, bp_f(0x1.555556p-3f));
  p = bp_fma(p, r, bp_f(0.5f));
  F first = bp_fma(kf, bp_f(-0x1.62e400p-1f), x);
  F lost = bp_fma(kf, bp_f(-0x1.7f7d1cp-20f), first - r);
  F q = bp_fma(p, r * r, lost);
  // 2^k (r + q) + (2^k - 1), halved where 2^k itself would overflow. Only where the second part is
  // small does it matter that r and q are added one after the other.
  I top = bp_select_i(k > 126, bp_i(1), bp_i(0));
  F s = bp_as_f(bp_add_i(bp_sub_i(k, top), bp_i(127)) << 23);
  F one = s - bp_select(k > 126, bp_f(0.5f), bp_f(1.0f));
  F y = bp_select((k > 1) | (k < -1), bp_fma(s, r + q, one), bp_fma(s, q, bp_fma(s, r, one)));
  y = bp_select(k > 126, y + y, y);
  return bp_select(v == 0.0f, v, y);
}

/// 1 / (1 + e^-x) from e^-|x|, so that small results keep their precision. 2 ulp.
BP_FN F bp_sigmoid(F x) {
  F e = bp_exp(-bp_abs(x));
  return bp_select(x < 0.0f, e, bp_f(1.0f)) / (1.0f + e);
}

/// 1.2 ulp: an odd polynomial below 0.625, 1 - 2 / (e^2x + 1) above.
BP_FN F bp_tanh(F x) {
  F a = bp_abs(x);
  F u = x * x;
  F p = bp_fma(bp_f(-0x1.769f68p-8f), u, bp_f(0x1.525422p-6f));
  p = bp_fma(p, u, bp_f(-0x1.b843e4p-5f));
  p = bp_fma(p, u, bp_f(0x1.110766p-3f));
  p = bp_fma(p, u, bp_f(-0x1.555534p-2f));
  F small = bp_fma(p * u, a, a);
  F c = bp_select(a > 10.0f, bp_f(10.0f), a);
  F large = 1.0f - 2.0f / (bp_exp_middle(c + c) + 1.0f);
  // The scaling by an integer sum would make a number of a NaN.
  return bp_select(x != x, x, bp_copysign(bp_select(a < 0.625f, small, large), x));
}

/// 1.0 ulp: an odd polynomial below 0.92, 1 - e^-g(x) above, where g is a polynomial.
BP_FN F bp_erf(F x) {
  F a = bp_abs(x);
  F u = x * x;
  F p = bp_fma(bp_f(0x1.5b4e16p-14f), u, bp_f(-0x1.a9d21cp-11f));
  p = bp_fma(p, u, bp_f(0x1.54bce6p-8f));
  p = bp_fma(p, u, bp_f(-0x1.b80d94p-6f));
  p = bp_fma(p, u, bp_f(0x1.ce2e00p-4f));
  p = bp_fma(p, u, bp_f(-0x1.812742p-2f));
  p = bp_fma(p, u, bp_f(0x1.06eba8p-3f));
  F small = bp_fma(p, a, a);
  F c = bp_select(a > 3.95f, bp_f(3.95f), a);
  F g = bp_fma(bp_f(-0x1.98d3d4p-13f), c, bp_f(0x1.8da104p-9f));
  g = bp_fma(g, c, bp_f(-0x1.6b8e4ap-6f));
  g = bp_fma(g, c, bp_f(0x1.a9651ep-4f));
  g = bp_fma(g, c, bp_f(0x1.4647b8p-1f));
  g = bp_fma(g, c, bp_f(0x1.20ac2ep+0f));
  g = bp_fma(g, c, bp_f(0x1.b22d86p-13f));
  F large = 1.0f - bp_exp_middle(-g);
  return bp_select(x != x, x, bp_copysign(bp_select(a < 0.92f, small, large), x));
}

/// (log(1 + f) - f) / f^2 for f in [-1/3, 1/3].
BP_FN F bp_log_curve(F f) {
  F p = bp_fma(bp_f(0x1.fa4018p-4f), f, bp_f(-0x1.0722e8p-3f));
  p = bp_fma(p, f, bp_f(0x1.b4ac1ep-4f));
  p = bp_fma(p, f, bp_f(-0x1.f381fep-4f));
  p = bp_fma(p, f, bp_f(0x1.2520b0p-3f));
  p = bp_fma(p, f, bp_f(-0x1.559950p-3f));
  p = bp_fma(p, f, bp_f(0x1.9995f4p-3f));
  p = bp_fma(p, f, bp_f(-0x1.ffff0ep-3f));
  p = bp_fma(p, f, bp_f(0x1.555558p-2f));
  return bp_fma(p, f, bp_f(-0.5f));
}

/// Where x is not an ordinary operand of log: -infinity at 0, NaN below, else x.
BP_FN F bp_log_edges(F x, F zero, F y) {
  F edge = bp_select(x < zero, BP_NAN, bp_select(x == zero, -BP_INFINITY, x));
  return bp_select((x > zero) & (x < BP_INFINITY), y, edge);
}

/// 0.9 ulp, subnormal operands included.
BP_FN F bp_log(F x) {
  F small = bp_truth(x < 0x1p-126f);
  F scaled = bp_select(small != 0.0f, x * 8388608.0f, x);
  I bits = bp_as_i(scaled);
  I e = bp_sub_i(bits, bp_i(0x3f2aaaab)) & bp_i(0xff800000);
  F f = bp_as_f(bp_sub_i(bits, e)) - 1.0f;
  F k = bp_i2f(e >> 23) - 23.0f * small;
  F y = bp_fma(k, bp_f(0x1.62e430p-1f), bp_fma(bp_log_curve(f), f * f, f));
  return bp_log_edges(x, bp_f(0.0f), y);
}

/// 0.7 ulp. Each rounding of what the sum begins with is made good at its end, for k log(2) may
/// cancel most of it.
BP_FN F bp_log1p(F x) {
  F u = 1.0f + x;
  I bits = bp_as_i(u);
  I e = bp_sub_i(bits, bp_i(0x3f2aaaab)) & bp_i(0xff800000);
  F s = bp_as_f(bp_sub_i(bp_i(0x3f800000), e));
  F f = bp_select(x > 1e9f, bp_as_f(bp_sub_i(bits, e)) - 1.0f, bp_fma(x, s, s - 1.0f));
  F lost = bp_select(x > 1e9f, bp_f(0.0f), bp_fma(x, s, (s - 1.0f) - f));
  F k = bp_i2f(e >> 23);
  F q = bp_fma(bp_log_curve(f), f * f, bp_fma(lost, -f, lost));
  F sum = f + q;
  F rest = bp_fma(k, bp_f(0x1.7f7d1cp-20f), q - (sum - f));
  F whole = k * 0x1.62e400p-1f;
  F top = whole + sum;
  F y = top + ((sum - (top - whole)) + rest);
  y = bp_log_edges(x, bp_f(-1.0f), y);
  return bp_select(x == 0.0f, x, y);
}

/// sin or cos of the angle r + low, r in [-pi/4, pi/4], turned by q quarters.
BP_FN F bp_quarter(F r, F low, I q) {
  F u = bp_fma(r, r, (r + r) * low);
  F p = bp_fma(bp_f(-0x1.994e40p-13f), u, bp_f(0x1.110760p-7f));
  p = bp_fma(p, u, bp_f(-0x1.555546p-3f));
  F s = r + bp_fma(p * u, r, low);
  F c = bp_fma(bp_f(0x1.9a01f4p-16f), u, bp_f(-0x1.6c0c8ap-10f));
  c = bp_fma(c, u, bp_f(0x1.55554ap-5f));
  c = bp_fma(c, u, bp_f(-0.5f));
  c = bp_fma(c, u, bp_f(1.0f));
  F y = bp_select((q & 1) != 0, c, s);
  return bp_as_f(bp_as_i(y) ^ ((q & 2) << 30));
}

/// x less the nearest multiple of pi/2, in double, as a float and what it lacks; that multiple's
/// number in the low bits of *q.
BP_FN F bp_reduce_angle(F x, F *low, I *q) {
  D v = bp_f2d(x);
  D t = bp_fma_d(v, 0x1.45f306dc9c883p-1, 6755399441055744.0);
  D k = t - 6755399441055744.0;
  D r = bp_fma_d(k, -0x1.921fb54442d18p+0, v);
  r = bp_fma_d(k, -0x1.1a62633145c07p-54, r);
  *q = bp_l2i(bp_as_l(t));
  F high = bp_d2f(r);
  *low = bp_d2f(r - bp_f2d(high));
  return high;
}

/// 0.9 ulp for |x| <= 2^40; beyond that (where neighbouring floats are 10^5 turns apart) NaN.
BP_FN F bp_sin(F x) {
  I q;
  F low;
  F r = bp_reduce_angle(x, &low, &q);
  F y = bp_select(bp_abs(x) <= 0x1p40f, bp_quarter(r, low, q), BP_NAN);
  return bp_select(x == 0.0f, x, y);
}

/// As sin.
BP_FN F bp_cos(F x) {
  I q;
  F low;
  F r = bp_reduce_angle(x, &low, &q);
  return bp_select(bp_abs(x) <= 0x1p40f, bp_quarter(r, low, bp_add_i(q, bp_i(1))), BP_NAN);
}

/// log2(x) for x > 0, to 2^-50 of its size.
BP_FN D bp_log2_d(D x) {
  L bits = bp_as_l(x);
  L e = (bits + (0x3ff0000000000000LL - 0x3fe6a09e00000000LL)) & 0x7ff0000000000000LL;
  D m = bp_as_d(bits - (e - 0x3ff0000000000000LL));
  D s = (m - 1.0) / (m + 1.0);
  D u = s * s;
  D p = bp_fma_d(0x1.f19a19e9ba9abp-3, u, 0x1.0bb6dcdd7f862p-2);
  p = bp_fma_d(p, u, 0x1.484fb30b9170dp-2);
  p = bp_fma_d(p, u, 0x1.a617565e2de64p-2);
  p = bp_fma_d(p, u, 0x1.2776c516bd729p-1);
  p = bp_fma_d(p, u, 0x1.ec709dc39c928p-1);
  p = bp_fma_d(p, u, 0x1.71547652b82ffp+1);
  // The exponent as a double: its biased value in the low bits of 2^52.
  D k = bp_as_d((e >> 52) | 0x4330000000000000LL) - (4503599627370496.0 + 1023.0);
  return bp_fma_d(p, s, k);
}

/// 2^t for |t| <= 200, to 2^-34 of its size.
BP_FN D bp_exp2_d(D t) {
  D shifted = t + 6755399441055744.0;
  D r = t - (shifted - 6755399441055744.0);
  D p = bp_fma_d(0x1.00f7d151819c9p-16, r, 0x1.446ca1703b51fp-13);
  p = bp_fma_d(p, r, 0x1.5d87157c37243p-10);
  p = bp_fma_d(p, r, 0x1.3b29d8890ce4fp-7);
  p = bp_fma_d(p, r, 0x1.c6b08e0726d42p-5);
  p = bp_fma_d(p, r, 0x1.ebfbe0aa40ea7p-3);
  p = bp_fma_d(p, r, 0x1.62e42fef6cbadp-1);
  p = bp_fma_d(p, r, 1.0);
  return bp_as_d(bp_as_l(p) + (L)(bp_as_l(shifted) << 52));
}

/// x^y as C99 has it. 0.51 ulp: in double throughout.
BP_FN F bp_pow(F x, F y) {
  F a = bp_abs(x);
  F ordinary = bp_truth((a > 0.0f) & (a < BP_INFINITY));
  D l = bp_log2_d(bp_f2d(bp_select(ordinary != 0.0f, a, bp_f(1.0f))));
  F edge = bp_select(a == 0.0f, -BP_INFINITY, bp_select(a == BP_INFINITY, a, bp_f(0.0f)));
  D t = bp_f2d(y) * (l + bp_f2d(edge));
  t = bp_select_d(t > 200.0, 200.0, t);
  t = bp_select_d(t < -200.0, -200.0, t);
  F magnitude = bp_d2f(bp_exp2_d(t));
  F whole = bp_truth(bp_floor(y) == y);
  F half = y * 0.5f;
  F odd = bp_select(bp_floor(half) == half, bp_f(0.0f), whole);
  F signed_magnitude = bp_as_f(bp_as_i(magnitude) ^ ((bp_as_i(x) & bp_i(0x80000000)) & -bp_to_i(odd)));
  F z = bp_select((x < 0.0f) & (a < BP_INFINITY) & (whole == 0.0f), BP_NAN, signed_magnitude);
  z = bp_select((x != x) | (y != y), BP_NAN, z);
  z = bp_select((a == 1.0f) & (bp_abs(y) == BP_INFINITY), bp_f(1.0f), z);
  return bp_select((y == 0.0f) | (x == 1.0f), bp_f(1.0f), z);
}

/// x less the whole multiple of y below it; the sign of y. Exact up to one rounding; NaN for y = 0 or
/// infinite x. Each round takes a quotient of 53 bits off, and what is left is exact in double: five
/// are enough for the largest float over the smallest.
BP_FN F bp_mod(F x, F y) {
  D r = bp_f2d(x);
  D d = bp_f2d(y);
  for (int round = 0; round < 5; round++) r = bp_fma_d(-bp_rint_d(r / d), d, r);
  r = bp_select_d(((r < 0.0) & (d > 0.0)) | ((r > 0.0) & (d < 0.0)), r + d, r);
  F against = bp_select(((x < 0.0f) & (y > 0.0f)) | ((x > 0.0f) & (y < 0.0f)), y, x);
  return bp_select((bp_abs(y) == BP_INFINITY) & (bp_abs(x) < BP_INFINITY), against, bp_d2f(r));
}

/// In [0, 1), the upper 24 bits.
BP_FN F bp_uniform(I bits) { return bp_i2f((I)((U)bits >> 8)) * 0x1p-24f; }

/// A standard normal number by the method of Box and Muller; at most 6.7 from 0.
BP_FN F bp_normal(I x, I y) {
  F u = bp_fma(bp_u2f(x), bp_f(0x1p-32f), bp_f(0x1p-33f));
  F radius = bp_sqrt(-2.0f * bp_log(u));
  F turn = 4.0f * bp_uniform(y);
  F k = bp_rint(turn);
  F angle = (turn - k) * 0x1.921fb6p+0f;
  F cosine = bp_quarter(angle, bp_f(0.0f), bp_add_i(bp_to_i(k), bp_i(1)));
  return radius * cosine;
}

#endif
