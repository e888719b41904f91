// The loop of radial functions and density of the AVX-512 float32 back end, as hand-written intrinsics: what its speed
// is compared with, and nothing else. Layouts are those of gen/site.go with 16 channels.
#include <immintrin.h>
#include <stdint.h>

enum { ROWS = 17, LANES = 16, POSITION = 16 };

void density(float *a, float *r, float *dr, float *const *pairs, const uint8_t *types, const int32_t *to,
             const int32_t *offset, const float *block, long n) {
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

// many calls density often: a call from Go to C costs as much as a few neighbours.
void many(long times, float *a, float *r, float *dr, float *const *pairs, const uint8_t *types, const int32_t *to,
          const int32_t *offset, const float *block, long n) {
  while (times-- > 0) density(a, r, dr, pairs, types, to, offset, block, n);
}
