// Values that the kernel fetches as several fields, which stand one behind the other in a record: a path and its
// components (lower/file_path.h), the elements of a sequence and how many there are (lower/sequence.h).
#pragma once

#include "dtracepp/record.h"

namespace dtp::record {

// Moves the fields that belong to the one before them into its `parts`.
void fold_parts(EventSchema& schema);

}  // namespace dtp::record
