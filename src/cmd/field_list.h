// Options that name values of a record: "comm,size,name=file->f_path.dentry->d_name.name:string". What the probe does
// not fetch becomes one more of its arguments.
#pragma once

#include <string>
#include <vector>

#include "dtracepp/error.h"

namespace dtp::cmd {

class FieldList {
 public:
  // `text`: as typed, with its arguments.
  static Result<FieldList> of_probe(std::string text);

  // The names of the values that an option asks for.
  Result<std::vector<std::string>> add(const char* option, const std::string& text);
  // Of all that is fetched.
  const std::vector<std::string>& names() const { return fetched_; }
  // With all that is to be fetched.
  const std::string& probe() const { return text_; }

 private:
  explicit FieldList(std::string text) : text_(std::move(text)) {}
  std::string text_;
  std::vector<std::string> fetched_ = {};  // names of the arguments
};

}  // namespace dtp::cmd
