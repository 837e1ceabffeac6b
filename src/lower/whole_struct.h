// A struct that is fetched whole: its members, one by one. Inner header of this folder.
#pragma once

#include <string>
#include <vector>

#include "lower/walk.h"

namespace dtp::lower {

// A member that holds a value, or an array of them; also one of a struct within the struct.
struct WholeMember {
  Place place = {};
  std::string path = {};  // "f_path.dentry"
};

struct WholeStruct {
  std::vector<WholeMember> members = {};
  std::vector<std::string> no_values = {};  // paths of those that are left out, as arrays of structs are
  std::vector<std::string> cut = {};        // of arrays that are longer than the kernel reads
};

// Of anything else than a struct: no members.
WholeStruct members_of(Walker& walker, const Target& target, const Place& place, Span span);

// What the field of a member is called: "file_f_path_dentry". Where that is too long, what comes first is left out.
std::string member_field_name(const std::string& whole, const std::string& path);

}  // namespace dtp::lower
