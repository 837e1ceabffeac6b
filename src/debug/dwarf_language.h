// What differs in the DWARF of languages other than C and C++. Inner header of this folder.
#pragma once

#include <elfutils/libdw.h>

#include <string>
#include <vector>

#include "debug/info.h"

namespace dtp::debug {

// Of the unit around the DIE.
Language language_of(Dwarf_Die& die);

// A Go function's result, which it lists among its parameters.
bool is_go_result(Dwarf_Die& parameter);

// Go calls a variable "&x" that it moved to the heap: what is described is a pointer to x.
bool is_moved_to_heap(Dwarf_Die& variable);

// The source's name; empty for what the compiler made up.
std::string go_name(Dwarf_Die& variable);

// The memory that a pointer at this place points to.
Whereabouts follow(Whereabouts pointer);

std::vector<Returned> go_returned(Dwarf_Die& function, type::Table& types);

}  // namespace dtp::debug
