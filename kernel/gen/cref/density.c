// The loops of radial functions and density of the float32 back ends, as hand-written intrinsics: what their speed is
// compared with, and nothing else. Layouts are those of gen/site.go with 16 channels; rows are summed in the same passes.
#include <immintrin.h>
#include <stdint.h>

enum { ROWS = 17, POSITION = 16 };

__attribute__((target("avx512f"))) static void density16(float *a, float *r, float *dr, float *const *pairs, const uint8_t *types,
                                                         const int32_t *to, const int32_t *offset, const float *block, long n) {
  enum { LANES = 16 };
  __m512 sum[16];
  for (int lm = 0; lm < 16; lm++) sum[lm] = _mm512_setzero_ps();
  for (long s = 0; s < n; s++) {
    const float *y = block + (s / LANES) * ROWS * LANES + s % LANES;
    const float *c = (const float *)((const char *)pairs[types[to[s]]] + offset[s]);
    __m512 t = _mm512_set1_ps(y[POSITION * LANES]);
    __m512 c3 = _mm512_loadu_ps(c);
    __m512 u = _mm512_fmadd_ps(c3, t, _mm512_loadu_ps(c + 16));
    __m512 v = _mm512_fmadd_ps(u, t, _mm512_loadu_ps(c + 32));
    __m512 slope = _mm512_fmadd_ps(_mm512_fmadd_ps(c3, t, u), t, v);
    __m512 value = _mm512_fmadd_ps(v, t, _mm512_loadu_ps(c + 48));
    _mm512_storeu_ps(r + 16 * s, value);
    _mm512_storeu_ps(dr + 16 * s, slope);
    sum[0] = _mm512_add_ps(sum[0], value);
    for (int lm = 1; lm < 16; lm++) sum[lm] = _mm512_fmadd_ps(_mm512_set1_ps(y[lm * LANES]), value, sum[lm]);
  }
  for (int lm = 0; lm < 16; lm++) _mm512_storeu_ps(a + 16 * lm, sum[lm]);
}

// rows of the density that are summed in one pass of eight lanes: more than six would not fit into registers.
#define PASS(from, to_)                                                                                  \
  for (int lm = from; lm < to_; lm++) {                                                                  \
    __m256 x = _mm256_set1_ps(y[lm * LANES]);                                                            \
    sum[lm - from][0] = _mm256_fmadd_ps(x, value[0], sum[lm - from][0]);                                 \
    sum[lm - from][1] = _mm256_fmadd_ps(x, value[1], sum[lm - from][1]);                                 \
  }

#define STORE(from, to_)                                                                                 \
  for (int lm = from; lm < to_; lm++)                                                                    \
    for (int v = 0; v < 2; v++) _mm256_storeu_ps(a + 16 * lm + 8 * v, sum[lm - from][v]);

__attribute__((target("avx2,fma"))) static void density8(float *a, float *r, float *dr, float *const *pairs, const uint8_t *types,
                                                         const int32_t *to, const int32_t *offset, const float *block, long n) {
  enum { LANES = 8 };
  {
    __m256 sum[5][2] = {{{0}}};
    for (long s = 0; s < n; s++) {
      const float *y = block + (s / LANES) * ROWS * LANES + s % LANES;
      const float *c = (const float *)((const char *)pairs[types[to[s]]] + offset[s]);
      __m256 t = _mm256_set1_ps(y[POSITION * LANES]), value[2];
      for (int k = 0; k < 2; k++) {
        __m256 c3 = _mm256_loadu_ps(c + 8 * k);
        __m256 u = _mm256_fmadd_ps(c3, t, _mm256_loadu_ps(c + 16 + 8 * k));
        __m256 v = _mm256_fmadd_ps(u, t, _mm256_loadu_ps(c + 32 + 8 * k));
        __m256 slope = _mm256_fmadd_ps(_mm256_fmadd_ps(c3, t, u), t, v);
        value[k] = _mm256_fmadd_ps(v, t, _mm256_loadu_ps(c + 48 + 8 * k));
        _mm256_storeu_ps(r + 16 * s + 8 * k, value[k]);
        _mm256_storeu_ps(dr + 16 * s + 8 * k, slope);
        sum[0][k] = _mm256_add_ps(sum[0][k], value[k]);
      }
      for (int lm = 1; lm < 5; lm++) {
        __m256 x = _mm256_set1_ps(y[lm * LANES]);
        for (int k = 0; k < 2; k++) sum[lm][k] = _mm256_fmadd_ps(x, value[k], sum[lm][k]);
      }
    }
    STORE(0, 5)
  }
  {
    __m256 sum[6][2] = {{{0}}};
    for (long s = 0; s < n; s++) {
      const float *y = block + (s / LANES) * ROWS * LANES + s % LANES;
      __m256 value[2] = {_mm256_loadu_ps(r + 16 * s), _mm256_loadu_ps(r + 16 * s + 8)};
      PASS(5, 11)
    }
    STORE(5, 11)
  }
  {
    __m256 sum[5][2] = {{{0}}};
    for (long s = 0; s < n; s++) {
      const float *y = block + (s / LANES) * ROWS * LANES + s % LANES;
      __m256 value[2] = {_mm256_loadu_ps(r + 16 * s), _mm256_loadu_ps(r + 16 * s + 8)};
      PASS(11, 16)
    }
    STORE(11, 16)
  }
}

// many calls the loop often: a call from Go to C costs as much as a few neighbours.
void many(long times, int lanes, float *a, float *r, float *dr, float *const *pairs, const uint8_t *types, const int32_t *to,
          const int32_t *offset, const float *block, long n) {
  while (times-- > 0) (lanes == 16 ? density16 : density8)(a, r, dr, pairs, types, to, offset, block, n);
}
