// The part of shapes.cc that is a library.
#pragma once

namespace shape {

// Calls what it is given.
void relay(void (*callback)(void*), void* argument);

}  // namespace shape
