//! The allocator, which `wasm32-unknown-unknown` lacks without `std`.
//!
//! - It wipes memory as it is freed. Secrets arrive as strings, and libraries copy them on their way to
//!   the signature and the wire.
//! - It changes the size of a large block in place if it can. A response of unknown length then needs its
//!   memory once.
#![allow(
    unsafe_code,
    reason = "the trait of an allocator is unsafe, and no published allocator does both"
)]
#![deny(clippy::undocumented_unsafe_blocks)]

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32::{memory_grow, memory_size};
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::{ptr, slice};

use talc::base::binning::Binning;
use talc::base::{CHUNK_UNIT, Talc};
use talc::source::Source;
use talc::wasm::WasmBinning;
use zeroize::Zeroize;
use zeroizing_alloc::ZeroAlloc;

/// The bytes of a page of linear memory.
const PAGE: usize = 64 * 1024;
/// The least bytes of a large block.
const LARGE: usize = PAGE;

/// The memory of one instance of the component.
pub struct Allocator(ZeroAlloc<Heap>);

impl Allocator {
    /// Creates the allocator. An instance must not have two, because it extends the memory.
    pub const fn new() -> Allocator {
        let talc = Talc::new(LinearMemory { end: None });
        Allocator(ZeroAlloc(Heap(UnsafeCell::new(talc))))
    }
}

// SAFETY: `ZeroAlloc` and `Heap` meet the contract, and every call passes on the caller's guarantees.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's guarantees.
        unsafe { self.0.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's guarantees.
        unsafe { self.0.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller's guarantees. `ZeroAlloc` moves the block, and wipes the old one.
        unsafe {
            if self.0.0.resize(block, layout, new_size) {
                block
            } else {
                self.0.realloc(block, layout, new_size)
            }
        }
    }
}

struct Heap(UnsafeCell<Talc<LinearMemory, WasmBinning>>);

// SAFETY: a component has one thread, and `Talc` does not call its own allocator. No reference into the
// cell outlives a function below.
unsafe impl Sync for Heap {}

// SAFETY: `Talc` meets the contract, and every call passes on the caller's guarantees.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's guarantees, and the only reference.
        let block = unsafe { (*self.0.get()).allocate(layout) };
        block.map_or(ptr::null_mut(), |block| block.as_ptr())
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { (*self.0.get()).deallocate(block, layout) }
    }
}

impl Heap {
    /// Changes the size of a block in place. Returns whether it did.
    ///
    /// # Safety
    /// As for [`GlobalAlloc::realloc`].
    unsafe fn resize(&self, block: *mut u8, layout: Layout, new_size: usize) -> bool {
        // SAFETY: the only reference.
        let talc = unsafe { &mut *self.0.get() };
        let Some(more) = new_size.checked_sub(layout.size()) else {
            // To move a small rest is cheaper than to wipe the end byte by byte.
            if new_size < LARGE {
                return false;
            }
            let less = layout.size().saturating_sub(new_size);
            // SAFETY: the end of the block, which the caller no longer uses.
            unsafe {
                let end = block.add(new_size).cast::<MaybeUninit<u8>>();
                slice::from_raw_parts_mut(end, less).zeroize();
                talc.shrink(block, layout, new_size);
            }
            return true;
        };
        // SAFETY: the caller's guarantees, and `new_size` is not smaller.
        if unsafe { talc.try_grow_in_place(block, layout, new_size) } {
            return true;
        }
        let extension = Layout::from_size_align(more, 1);
        let Some(extension) = extension.ok().filter(|_| layout.size() >= LARGE) else {
            return false;
        };
        // Only the last block can grow into the memory by which this extends the heap.
        if LinearMemory::acquire(talc, extension).is_err() {
            return false;
        }
        // SAFETY: as above.
        unsafe { talc.try_grow_in_place(block, layout, new_size) }
    }
}

/// The linear memory from the end of the module's data.
///
/// The first allocation takes what the memory has at the start, which talc's own source leaves unused. A
/// small call then does not grow the memory. On many hosts, growing is a system call that interrupts all
/// processors.
#[derive(Debug)]
struct LinearMemory {
    /// The end of the heap, or `None` before the first allocation.
    end: Option<NonNull<u8>>,
}

unsafe extern "C" {
    /// The linker puts it behind the module's data.
    safe static __heap_base: u8;
}

// SAFETY: `acquire` does not allocate. `Talc` calls it only with itself.
unsafe impl Source for LinearMemory {
    fn acquire<B: Binning>(talc: &mut Talc<Self, B>, layout: Layout) -> Result<(), ()> {
        let Some(end) = talc.source.end else {
            let base = (&raw const __heap_base).expose_provenance();
            let size = memory_size::<0>().saturating_mul(PAGE).saturating_sub(base);
            // SAFETY: only the allocator uses the memory behind the data.
            talc.source.end = unsafe { talc.claim(ptr::with_exposed_provenance_mut(base), size) };
            return talc.source.end.map(|_| ()).ok_or(());
        };
        let needed = layout.size().saturating_add(layout.align());
        // The block's tag and the rounding of its size take less than this.
        let pages = needed.saturating_add(2 * CHUNK_UNIT).div_ceil(PAGE);
        let before = memory_grow::<0>(pages);
        if before == usize::MAX {
            return Err(());
        }
        let new_end = before.saturating_add(pages).saturating_mul(PAGE);
        // SAFETY: nothing else grows the memory, so the new pages follow the heap.
        talc.source.end =
            Some(unsafe { talc.extend(end, ptr::with_exposed_provenance_mut(new_end)) });
        Ok(())
    }
}
