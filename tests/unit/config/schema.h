// As much of JSON Schema 2020-12 as conf/vtid.schema.json uses: what it says about objects, and whether it accepts a value.
// A keyword that is not known here is an error, so that the schema cannot say what is not checked.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace vtid::config {

class Schema {
 public:
  explicit Schema(nlohmann::json root) : root_(std::move(root)) { walk(root_, ""); }

  // The keys of every object whose keys are listed, by pointer; "x" stands for a name and 0 for an index.
  [[nodiscard]] const std::map<std::string, std::set<std::string>>& objects() const { return objects_; }
  [[nodiscard]] const std::map<std::string, nlohmann::json>& defaults() const { return defaults_; }
  // The least and the greatest of each number, and of each array the most items, in the same way.
  [[nodiscard]] const std::map<std::string, std::pair<std::int64_t, std::int64_t>>& numbers() const { return numbers_; }
  [[nodiscard]] const std::map<std::string, std::size_t>& most_items() const { return most_items_; }

  [[nodiscard]] std::vector<std::string> errors(const nlohmann::json& value) const {
    std::vector<std::string> result;
    check(root_, value, "", result);
    return result;
  }

 private:
  using json = nlohmann::json;

  // A schema with what its $ref refers to; its own keywords win.
  [[nodiscard]] json resolved(const json& schema) const {
    if (!schema.contains("$ref")) return schema;
    json result = root_.at(json::json_pointer(schema.at("$ref").get<std::string>().substr(1)));
    for (const auto& [key, value] : schema.items()) {
      if (key != "$ref") result[key] = value;
    }
    return result;
  }

  void walk(const json& reference, const std::string& pointer) {
    const json schema = resolved(reference);
    if (schema.contains("default")) defaults_[pointer] = schema.at("default");
    note_bounds(schema, pointer);
    if (schema.contains("items")) walk(schema.at("items"), pointer + "/0");
    if (schema.contains("additionalProperties") && schema.at("additionalProperties").is_object()) {
      walk(schema.at("additionalProperties"), pointer + "/x");
    }
    if (!schema.contains("properties")) return;
    for (const auto& [key, value] : schema.at("properties").items()) {
      objects_[pointer].insert(key);
      walk(value, pointer + "/" + key);
    }
  }

  void note_bounds(const json& schema, const std::string& pointer) {
    for (const json& one : schema.value("oneOf", json::array())) note_bounds(resolved(one), pointer);
    if (schema.contains("minimum"))
      numbers_[pointer] = {schema.at("minimum").get<std::int64_t>(), schema.at("maximum").get<std::int64_t>()};
    if (schema.contains("maxItems")) most_items_[pointer] = schema.at("maxItems").get<std::size_t>();
  }

  static bool has_type(const json& value, const std::string& type) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_boolean();
    return type == "integer" && value.is_number_integer();
  }

  void check(const json& reference, const json& value, const std::string& at, std::vector<std::string>& errors) const {
    const json schema = resolved(reference);
    for (const auto& [keyword, wanted] : schema.items()) {
      if (!holds(schema, keyword, wanted, value, at, errors)) errors.push_back(at + ": " + keyword);
    }
  }

  bool holds(const json& schema, const std::string& keyword, const json& wanted, const json& value, const std::string& at,
             std::vector<std::string>& errors) const {
    static const std::set<std::string> kTold{"$schema", "title", "description", "default", "$defs", "$ref"};
    if (kTold.contains(keyword)) return true;
    if (keyword == "type") return has_type(value, wanted.get<std::string>());
    if (keyword == "enum") return std::ranges::find(wanted, value) != wanted.end();
    if (keyword == "minimum") return !value.is_number() || value >= wanted;
    if (keyword == "maximum") return !value.is_number() || value <= wanted;
    if (keyword == "minLength") return !value.is_string() || value.get_ref<const std::string&>().size() >= wanted;
    if (keyword == "maxLength") return !value.is_string() || value.get_ref<const std::string&>().size() <= wanted;
    if (keyword == "minItems") return !value.is_array() || value.size() >= wanted;
    if (keyword == "maxItems") return !value.is_array() || value.size() <= wanted;
    if (keyword == "uniqueItems")
      return !wanted.get<bool>() || !value.is_array() || std::set<json>(value.begin(), value.end()).size() == value.size();
    if (keyword == "minProperties") return !value.is_object() || value.size() >= wanted;
    if (keyword == "maxProperties") return !value.is_object() || value.size() <= wanted;
    if (keyword == "pattern")
      return !value.is_string() || std::regex_search(value.get<std::string>(), std::regex(wanted.get<std::string>()));
    if (keyword == "required") return !value.is_object() || has_all(value, wanted);
    if (keyword == "oneOf") return std::ranges::count_if(wanted, [&](const json& one) { return accepts(one, value); }) == 1;
    if (keyword == "items")
      return each(value, at, [&](const json& item, const std::string& to) { check(wanted, item, to, errors); });
    if (keyword == "propertyNames")
      return std::ranges::all_of(value.items(), [&](const auto& item) { return accepts(wanted, item.key()); });
    if (keyword == "dependentRequired") return dependents_hold(wanted, value);
    if (keyword == "properties") return properties_hold(wanted, value, at, errors);
    if (keyword == "additionalProperties") return others_hold(schema, wanted, value, at, errors);
    return false;
  }

  [[nodiscard]] bool accepts(const json& schema, const json& value) const {
    std::vector<std::string> errors;
    check(schema, value, "", errors);
    return errors.empty();
  }

  static bool has_all(const json& value, const json& keys) {
    return std::ranges::all_of(keys, [&](const json& key) { return value.contains(key.get<std::string>()); });
  }

  static bool each(const json& value, const std::string& at, auto check_item) {
    for (std::size_t i = 0; value.is_array() && i < value.size(); ++i) check_item(value[i], fmt::format("{}/{}", at, i));
    return true;
  }

  static bool dependents_hold(const json& wanted, const json& value) {
    return std::ranges::all_of(wanted.items(),
                               [&](const auto& item) { return !value.contains(item.key()) || has_all(value, item.value()); });
  }

  bool properties_hold(const json& wanted, const json& value, const std::string& at, std::vector<std::string>& errors) const {
    for (const auto& [key, schema] : wanted.items()) {
      if (value.is_object() && value.contains(key)) check(schema, value.at(key), at + "/" + key, errors);
    }
    return true;
  }

  bool others_hold(const json& schema, const json& wanted, const json& value, const std::string& at,
                   std::vector<std::string>& errors) const {
    const json known = schema.value("properties", json::object());
    for (const auto& [key, item] : value.items()) {
      if (!value.is_object() || known.contains(key)) continue;
      if (wanted.is_boolean())
        errors.push_back(fmt::format("{}/{}: is not in the schema", at, key));
      else
        check(wanted, item, at + "/" + key, errors);
    }
    return true;
  }

  json root_;
  std::map<std::string, std::set<std::string>> objects_;
  std::map<std::string, json> defaults_;
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> numbers_;
  std::map<std::string, std::size_t> most_items_;
};

// A file of the project, as text.
inline std::string source_file(const std::string& path) {
  std::ifstream file(std::filesystem::path(VTID_SOURCE_DIR) / path);
  return {std::istreambuf_iterator(file), {}};
}

inline const Schema& schema() {
  static const Schema kSchema(nlohmann::json::parse(source_file("conf/vtid.schema.json")));
  return kSchema;
}

}  // namespace vtid::config
