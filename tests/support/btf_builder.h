// Writes small BTF files for tests. Types get their ids in the order of the calls.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace dtp::test {

class BtfBuilder {
 public:
  using Id = std::uint32_t;
  using Named = std::pair<std::string, std::uint32_t>;  // a member or parameter and its type, an enumerator and its value

  BtfBuilder() : texts_(1, '\0') {}

  // A module's BTF, which goes on where `base` ends.
  static BtfBuilder module_of(const BtfBuilder& base) {
    BtfBuilder module;
    module.texts_.clear();
    module.next_id_ = base.next_id_;
    module.first_text_ = base.first_text_ + static_cast<std::uint32_t>(base.texts_.size());
    return module;
  }

  Id integer(const std::string& name, std::uint32_t size, std::uint32_t encoding = 0) {
    return add(1, name, size, {encoding << 24 | size * 8});
  }
  Id pointer(Id to) { return add(2, "", to); }
  Id array(Id of, std::uint32_t count) { return add(3, "", 0, {of, 0, count}); }
  // A member's bit offset follows from `bit_offsets`; with `bitfields` the sizes are in the top eight bits.
  Id structure(const std::string& name, std::uint32_t size, const std::vector<Named>& members,
               const std::vector<std::uint32_t>& bit_offsets, bool bitfields = false, bool is_union = false) {
    std::vector<std::uint32_t> tail;
    for (std::size_t i = 0; i < members.size(); ++i)
      tail.insert(tail.end(), {text(members[i].first), members[i].second, bit_offsets[i]});
    return add(is_union ? 5 : 4, name, size, tail, static_cast<std::uint32_t>(members.size()), bitfields);
  }
  Id enumeration(const std::string& name, const std::vector<Named>& values, bool is_signed = false) {
    return add(6, name, 4, pairs(values), static_cast<std::uint32_t>(values.size()), is_signed);
  }
  Id enumeration64(const std::string& name, const std::vector<std::pair<std::string, std::uint64_t>>& values) {
    std::vector<std::uint32_t> tail;
    for (const auto& [value_name, value] : values)
      tail.insert(tail.end(), {text(value_name), static_cast<std::uint32_t>(value), static_cast<std::uint32_t>(value >> 32)});
    return add(19, name, 8, tail, static_cast<std::uint32_t>(values.size()));
  }
  Id forward(const std::string& name, bool is_union = false) { return add(7, name, 0, {}, 0, is_union); }
  Id typedef_(const std::string& name, Id of) { return add(8, name, of); }
  Id const_(Id of) { return add(10, "", of); }
  Id type_tag(const std::string& name, Id of) { return add(18, name, of); }
  Id declaration_tag(const std::string& name, Id of) { return add(17, name, of, {0xFFFFFFFF}); }
  Id floating(const std::string& name, std::uint32_t size) { return add(16, name, size); }
  Id variable(const std::string& name, Id of) { return add(14, name, of, {1}); }
  Id data_section(const std::string& name, Id of) { return add(15, name, 8, {of, 0, 8}, 1); }
  Id prototype(Id result, const std::vector<Named>& parameters) {
    return add(13, "", result, pairs(parameters), static_cast<std::uint32_t>(parameters.size()));
  }
  Id function(const std::string& name, Id result, const std::vector<Named>& parameters) {
    const Id proto = prototype(result, parameters);
    return add(12, name, proto);
  }

  // Any record, right or wrong.
  Id add(std::uint32_t kind, const std::string& name, std::uint32_t size_or_type, const std::vector<std::uint32_t>& tail = {},
         std::uint32_t count = 0, bool flag = false) {
    put(types_, text(name));
    put(types_, static_cast<std::uint32_t>(flag) << 31 | kind << 24 | count);
    put(types_, size_or_type);
    for (const std::uint32_t word : tail) put(types_, word);
    return next_id_++;
  }

  std::string bytes() const {
    std::string out("\x9F\xEB\x01\x00", 4);
    const auto type_bytes = static_cast<std::uint32_t>(types_.size());
    for (const std::uint32_t word : {24U, 0U, type_bytes, type_bytes, static_cast<std::uint32_t>(texts_.size())}) put(out, word);
    return out + types_ + texts_;
  }

 private:
  static void put(std::string& out, std::uint32_t word) {
    char raw[sizeof word];
    std::memcpy(raw, &word, sizeof word);
    out.append(raw, sizeof raw);
  }
  std::uint32_t text(const std::string& name) {
    if (name.empty()) return 0;
    texts_ += name + '\0';
    return first_text_ + static_cast<std::uint32_t>(texts_.size() - name.size() - 1);
  }
  std::vector<std::uint32_t> pairs(const std::vector<Named>& of) {
    std::vector<std::uint32_t> words;
    for (const auto& [name, number] : of) words.insert(words.end(), {text(name), number});
    return words;
  }

  std::string types_;
  std::string texts_;
  Id next_id_ = 1;
  std::uint32_t first_text_ = 0;
};

}  // namespace dtp::test
