// EXPR:path, the whole path of a file: its components as fields of their own, which the reader of the records joins.
//
// A file has a dentry, a dentry has a name and a parent, and the root of a file system is named "/". A mount is put on
// a dentry of its parent mount. A fetch-arg follows pointers but neither loops nor compares, so so many parents are
// read in every record, and what the names mean is found out later (record/file_path.cc):
//
//   NAME      the last component           NAME__d1..  those before it, up to the root of the file system
//   NAME__r   the root of what is mounted: "/" unless a directory is mounted elsewhere (bind mount)
//   NAME__m0..  where it is mounted, and the directories before that
//   NAME__q, NAME__p0..  the same of the mount on which it is mounted
//   NAME__t   where that one is mounted: "/" for the first mount of all
#pragma once

#include <vector>

#include "dtracepp/error.h"
#include "lower/walk.h"

namespace dtp::lower {

// The fields for a file, path or dentry, or a pointer to one. `first` has its name; the others are added behind it.
Result<std::vector<path::Field>> read_file_path(Walker& walker, const Target& target, Place place, path::Field first,
                                                Span span);

}  // namespace dtp::lower
