// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Which SIMD levels this processor runs.

#include "bp_gemm.h"

int bp_level_available(int level) {
  switch (level) {
    case BP_PORTABLE:
      return 1;
#if defined(__aarch64__)
    case BP_NEON:
      return 1;
#endif
#if defined(__x86_64__)
    case BP_AVX2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case BP_AVX512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    default:
      return 0;
  }
}

int bp_level_best(void) {
  for (int level = BP_AVX512; level > BP_PORTABLE; level--) {
    if (bp_level_available(level)) return level;
  }
  return BP_PORTABLE;
}

const char *bp_level_name(int level) {
  switch (level) {
    case BP_PORTABLE: return "portable";
    case BP_NEON: return "NEON";
    case BP_AVX2: return "AVX2";
    case BP_AVX512: return "AVX-512";
    default: return "unknown";
  }
}

int bp_level_has_bf16_dot(int level) {
#if defined(__x86_64__)
  return level == BP_AVX512 && bp_level_available(BP_AVX512)
    && __builtin_cpu_supports("avx512bf16");
#else
  (void)level;
  return 0;
#endif
}
