// The parts of a path, which stand in a record as fields of their own (lower/file_path.h), made into one text.
#pragma once

#include <span>

#include "dtracepp/record.h"
#include "dtracepp/value.h"

namespace dtp::record {

// `names` are those of the field and its parts, in their order. A path that goes on where nothing was read begins
// with ".../".
value::Value join_path(const FieldSchema& field, std::span<const value::Value> names);

}  // namespace dtp::record
