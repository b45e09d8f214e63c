#pragma once

namespace meshproof::memory_reserve {

/// Keeps some memory back for the whole program. From then on the first `new` that finds none gets
/// it, so that what is under way can end: Asio, for one, ends the program where it cannot even give
/// up a coroutine. Without memory for it nothing changes.
void keep();

/// There is too little to keep it and to begin something new: nothing should begin, and it is given
/// to what is under way until there is enough again. False in a program that keeps none.
[[nodiscard]] bool spent();

}  // namespace meshproof::memory_reserve
