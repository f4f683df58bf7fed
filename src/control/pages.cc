#include "control/pages.h"

#include <fmt/format.h>

#include "control/kinds.h"
#include "control/message.h"
#include "control/metrics.h"
#include "control/render.h"
#include "net/address.h"

namespace vtid::control {
namespace {

constexpr std::string_view kJson = "application/json; charset=utf-8";
constexpr std::string_view kOpenMetrics = "application/openmetrics-text";

std::string json_line(const Json& json) { return dump(json) + '\n'; }

PageAnswer error_page(unsigned status, std::string_view text, std::string headers = {}) {
  return {status, "text/plain; charset=utf-8", std::string(text) + '\n', std::move(headers)};
}

// Without its port: "[::1]:9464", "127.0.0.1".
std::string_view host_name_of(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

bool may_be_asked_as(std::string_view host) {
  const std::string_view name = host_name_of(host);
  return host.empty() || name == "localhost" || net::parse_address(name).has_value();
}

PageLook look_at_metrics(std::string_view accept) {
  const bool open = accept.contains(kOpenMetrics);
  return {model::Refresh{true}, [open](const model::Snapshot& snapshot, const model::GatewayHistory&) {
            const auto format = open ? MetricsFormat::openmetrics : MetricsFormat::prometheus;
            return PageAnswer{200,
                              open ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                   : "text/plain; version=0.0.4; charset=utf-8",
                              render_metrics(Index(snapshot), format)};
          }};
}

PageLook look_at_status() {
  return {model::Refresh{}, [](const model::Snapshot& snapshot, const model::GatewayHistory&) {
            return PageAnswer{200, kJson, render_status(Index(snapshot)).text + '\n'};
          }};
}

PageLook look_at_gateways() {
  return {model::Refresh{}, [](const model::Snapshot& snapshot, const model::GatewayHistory&) {
            return PageAnswer{200, kJson, json_line(find_kind("gateways")->list(Index(snapshot)))};
          }};
}

Json render_history(const model::GatewayHistory& history) {
  Json gateways = Json::object();
  for (const auto& [name, series] : history.series()) {
    Json rtt = Json::array(), loss = Json::array();
    for (const auto& sample : series) {
      rtt.push_back(sample ? Json(sample->rtt_ms) : Json());
      loss.push_back(sample ? Json(sample->loss_percent) : Json());
    }
    gateways[name] = {{"rtt_ms", std::move(rtt)}, {"loss_percent", std::move(loss)}};
  }
  return {{"interval_seconds", model::kHistoryInterval / Duration{1'000}},
          {"samples", model::kHistorySamples},
          {"gateways", std::move(gateways)}};
}

PageLook look_at_history() {
  return {model::Refresh{}, [](const model::Snapshot&, const model::GatewayHistory& history) {
            return PageAnswer{200, kJson, json_line(render_history(history))};
          }};
}

PageAnswer page(const std::string& nonce) {
  constexpr std::string_view kPlace = "{{nonce}}";
  std::string text;
  std::string_view rest = kPageTemplate;
  for (auto at = rest.find(kPlace); at != std::string_view::npos; at = rest.find(kPlace)) {
    text.append(rest.substr(0, at)).append(nonce);
    rest.remove_prefix(at + kPlace.size());
  }
  const std::string policy = fmt::format(
      "Content-Security-Policy: default-src 'none'; script-src 'nonce-{0}'; style-src 'nonce-{0}'; connect-src 'self'; img-src "
      "data:; "
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n",
      nonce);
  return {200, "text/html; charset=utf-8", text.append(rest), policy};
}

}  // namespace

std::variant<PageAnswer, PageLook, PageStream> answer_page(const PageRequest& request, const PageDoor& door) {
  if (!door.any_host && !may_be_asked_as(request.host))
    return error_page(421, "ask by address or as localhost, or set http.allow_remote");
  if (request.method != "GET" && request.method != "HEAD")
    return error_page(405, "nothing can be changed here; vtictl does that", "Allow: GET, HEAD\r\n");
  const std::string_view path = request.target.substr(0, request.target.find('?'));
  if (path == "/") return page(door.nonce);
  if (path == "/metrics") return look_at_metrics(request.accept);
  if (path == "/status.json") return look_at_status();
  if (path == "/gateways.json") return look_at_gateways();
  if (path == "/history.json") return look_at_history();
  if (path == "/events") return PageStream{};
  return error_page(404, "there are / /metrics /status.json /gateways.json /history.json /events");
}

std::string stream_event(std::uint64_t id, const model::Event& event) {
  return fmt::format("id: {}\ndata: {}", id, json_line(render_event(event))) + '\n';
}

}  // namespace vtid::control
