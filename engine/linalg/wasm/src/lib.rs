//! The routines of `engine/linalg/column-major.ts` over faer, for WebAssembly: matrices are column-major float64 in the
//! module's memory, and everything runs on the calling thread, so the same arguments give the same bits everywhere.
//!
//! Routines return LAPACK's INFO: 0 for success, i > 0 for a numerical failure, `NO_MEMORY` if work areas don't fit.

use std::alloc::{alloc, dealloc, Layout};

use faer::diag::DiagMut;
use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::linalg::cholesky::llt;
use faer::linalg::matmul::matmul;
use faer::linalg::{evd, svd};
use faer::{Accum, Auto, Conj, MatMut, MatRef, Par, Spec};

/// Returned if the module's memory can't grow to hold a routine's work areas.
const NO_MEMORY: i32 = i32::MIN;

/// Alignment of buffers: a SIMD register.
const ALIGNMENT: usize = 16;

fn layout(bytes: usize) -> Option<Layout> {
    Layout::from_size_align(bytes.max(ALIGNMENT), ALIGNMENT).ok()
}

/// Allocates `bytes` of the module's memory. Returns 0 if there are not that many.
#[no_mangle]
pub extern "C" fn allocate(bytes: usize) -> *mut u8 {
    match layout(bytes) {
        // The size is never 0.
        Some(layout) => unsafe { alloc(layout) },
        None => std::ptr::null_mut(),
    }
}

/// Frees what `allocate(bytes)` returned.
///
/// # Safety
/// `at` must come from `allocate` with the same `bytes`, and must not have been freed.
#[no_mangle]
pub unsafe extern "C" fn release(at: *mut u8, bytes: usize) {
    if let Some(layout) = layout(bytes) {
        dealloc(at, layout);
    }
}

unsafe fn matrix<'a>(at: *const f64, rows: usize, columns: usize) -> MatRef<'a, f64> {
    MatRef::from_raw_parts(at, rows, columns, 1, rows as isize)
}

unsafe fn matrix_mut<'a>(at: *mut f64, rows: usize, columns: usize) -> MatMut<'a, f64> {
    MatMut::from_raw_parts_mut(at, rows, columns, 1, rows as isize)
}

unsafe fn diagonal_mut<'a>(at: *mut f64, length: usize) -> DiagMut<'a, f64> {
    DiagMut::from_slice_mut(std::slice::from_raw_parts_mut(at, length))
}

fn settings<P: Auto<f64>>() -> Spec<P, f64> {
    Spec::new(Auto::<f64>::auto())
}

fn with_work_area(size: StackReq, routine: impl FnOnce(&mut MemStack) -> i32) -> i32 {
    match MemBuffer::try_new(size) {
        Ok(mut area) => routine(MemStack::new(&mut area)),
        Err(_) => NO_MEMORY,
    }
}

/// Thin SVD of A [m, n], m >= n: U [m, n], S [n] descending, V [n, n].
///
/// # Safety
/// Pointers must be to buffers of `allocate` that hold these matrices and don't overlap; so for all routines here.
#[no_mangle]
pub unsafe extern "C" fn gesvd(m: usize, n: usize, a: *const f64, u: *mut f64, s: *mut f64, v: *mut f64) -> i32 {
    let thin = svd::ComputeSvdVectors::Thin;
    let size = svd::svd_scratch::<f64>(m, n, thin, thin, Par::Seq, settings());
    with_work_area(size, |work| {
        let (u, v) = (Some(matrix_mut(u, m, n)), Some(matrix_mut(v, n, n)));
        svd::svd(matrix(a, m, n), diagonal_mut(s, n), u, v, Par::Seq, work, settings()).map_or(1, |_| 0)
    })
}

/// Eigenvalues, ascending, and vectors Q [n, n] of a symmetric A [n, n], of which the lower triangle is read.
#[no_mangle]
pub unsafe extern "C" fn syevd(n: usize, a: *const f64, values: *mut f64, q: *mut f64) -> i32 {
    let vectors = evd::ComputeEigenvectors::Yes;
    let size = evd::self_adjoint_evd_scratch::<f64>(n, vectors, Par::Seq, settings());
    with_work_area(size, |work| {
        let (values, q) = (diagonal_mut(values, n), Some(matrix_mut(q, n, n)));
        evd::self_adjoint_evd(matrix(a, n, n), values, q, Par::Seq, work, settings()).map_or(1, |_| 0)
    })
}

/// Cholesky factorization of A [n, n] in place, in its lower triangle.
#[no_mangle]
pub unsafe extern "C" fn potrf(n: usize, a: *mut f64) -> i32 {
    let size = llt::factor::cholesky_in_place_scratch::<f64>(n, Par::Seq, settings());
    with_work_area(size, |work| {
        match llt::factor::cholesky_in_place(matrix_mut(a, n, n), Default::default(), Par::Seq, work, settings()) {
            Ok(_) => 0,
            Err(llt::factor::LltError::NonPositivePivot { index }) => index as i32 + 1,
        }
    })
}

/// Solves A·X = B for B [n, columns] in place, with the factor of `potrf`.
#[no_mangle]
pub unsafe extern "C" fn potrs(n: usize, factor: *const f64, columns: usize, b: *mut f64) -> i32 {
    let size = llt::solve::solve_in_place_scratch::<f64>(n, columns, Par::Seq);
    with_work_area(size, |work| {
        llt::solve::solve_in_place_with_conj(matrix(factor, n, n), Conj::No, matrix_mut(b, n, columns), Par::Seq, work);
        0
    })
}

/// Xᵀ·Y [m, n] of the first `depth` rows of X [leading, m] and Y [leading, n].
#[no_mangle]
pub unsafe extern "C" fn gemm(
    m: usize,
    n: usize,
    depth: usize,
    leading: usize,
    x: *const f64,
    y: *const f64,
    out: *mut f64,
) -> i32 {
    let x = MatRef::from_raw_parts(x, depth, m, 1, leading as isize);
    let y = MatRef::from_raw_parts(y, depth, n, 1, leading as isize);
    matmul(matrix_mut(out, m, n), Accum::Replace, x.transpose(), y, 1.0, Par::Seq);
    0
}
