import { type Matrix, matrixOf } from './matrix';

/**
 * Factors a wide A [m, n], m <= n, as L·Q by Householder reflections: L [m, m] lower triangular, Q [m, n] with
 * orthonormal rows (even if A is rank-deficient). Works on whole rows, which are contiguous in memory. Only L is then
 * left to iterate on, which makes decomposing a very rectangular matrix in JavaScript affordable.
 */
export function lq({ rows: m, columns: n, data }: Matrix): { l: Matrix; q: Matrix } {
  const a = data.slice();
  const l = matrixOf(m, m);
  const scales = new Float64Array(m);
  for (let k = 0; k < m; k++) {
    const at = k * n;
    let largest = 0;
    for (let j = k; j < n; j++) largest = Math.max(largest, Math.abs(a[at + j]));
    let squares = 0; // of the row divided by its largest entry, so that neither tiny nor huge weights overflow float64
    for (let j = k; j < n; j++) squares += largest && (a[at + j] / largest) ** 2;
    const norm = largest * Math.sqrt(squares);
    for (let j = 0; j < k; j++) l.data[k * m + j] = a[at + j];
    if (norm === 0) continue; // nothing to reflect
    const pivot = a[at + k] > 0 ? -norm : norm;
    l.data[k * m + k] = pivot;
    // The reflector v = (1, …) is row k from the diagonal on; H = I − scale·v·vᵀ.
    const first = a[at + k] - pivot;
    scales[k] = -first / pivot;
    for (let j = k + 1; j < n; j++) a[at + j] /= first;
    a[at + k] = 1;
    for (let i = k + 1; i < m; i++) reflect(a, at, scales[k], a, i * n, k, n);
  }
  const q = matrixOf(m, n);
  for (let k = m - 1; k >= 0; k--) {
    q.data[k * n + k] = 1;
    if (scales[k]) for (let i = k; i < m; i++) reflect(a, k * n, scales[k], q.data, i * n, k, n);
  }
  return { l, q };
}

/** Reflects the row of `target` that starts at `row` by the reflector of `v` that starts at `at`, from `first` on. */
function reflect(
  v: Float64Array,
  at: number,
  scale: number,
  target: Float64Array,
  row: number,
  first: number,
  end: number,
): void {
  let dot = 0;
  for (let j = first; j < end; j++) dot += v[at + j] * target[row + j];
  dot *= scale;
  for (let j = first; j < end; j++) target[row + j] -= dot * v[at + j];
}
