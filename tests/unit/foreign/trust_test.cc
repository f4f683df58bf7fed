// What swanctl tells charon of CAs and post-quantum pre-shared keys, in the words of vtid.json.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "foreign/import.h"
#include "support/golden_config_files.h"

namespace vtid::foreign {
namespace {

using TrustJson = nlohmann::ordered_json;

const Beside kTrustLists{
    [](std::string_view name) -> Result<std::string> { return test::read_golden_config_file(name.substr(name.find('/') + 1)); },
    [](std::string_view folder) -> std::vector<std::string> {
      if (folder == "x509crl") return {"ca.pem", "revoked-der.crl", "revoked.crl"};
      if (folder == "private") return {"branch.key"};
      return {};
    }};

Imported imported(const std::string& connection, const std::string& more) {
  const std::string text =
      "connections {\n gw {\n version = 2\n local_addrs = 192.0.2.1\n remote_addrs = 198.51.100.1\n" + connection +
      "\n children {\n net {\n local_ts = 0.0.0.0/0\n remote_ts = 0.0.0.0/0\n if_id_in = 7\n if_id_out = 7\n }\n }\n }\n}\n" +
      more;
  return import_from(Source::swanctl, text, "swanctl.conf", {"secrets"}, kTrustLists).value();
}

TrustJson tunnel_of(const Imported& done) { return TrustJson::parse(done.text)["tunnels"]["gw"]; }

const std::string kCertificates =
    "local {\n auth = pubkey\n certs = branch.pem\n id = branch.example.org\n }\n"
    "remote {\n auth = pubkey\n cacerts = ca.pem\n id = hq.example.org\n }\n";
const std::string kPsk = "local {\n auth = psk\n id = branch\n }\n remote {\n auth = psk\n id = hq\n }\n";
const std::string kSecret = "ike {\n id = hq\n secret = x\n }\n";

TEST(Trust, ListsOfTheRevokedComeOverAndWhatIsNoneIsALoss) {
  const TrustJson tunnel = tunnel_of(imported(kCertificates, ""));
  EXPECT_EQ(tunnel["ike"]["auth"]["crl"], (TrustJson{"x509crl/revoked-der.crl", "x509crl/revoked.crl"}));
  EXPECT_EQ(tunnel["enabled"], TrustJson(false));  // ca.pem is a list in the wrong place, or none
}

TEST(Trust, APpkIsKeptAsASecret) {
  const Imported done = imported(kPsk + "ppk_id = p1\nppk_required = yes\n",
                                 "secrets {\n" + kSecret + "ppk-a {\n id = p1\n secret = 0x6162\n }\n}\n");
  EXPECT_EQ(tunnel_of(done)["ike"]["auth"]["ppk"],
            (TrustJson{{"id", "p1"}, {"secret", {{"file", "secrets/gw.ppk"}}}, {"required", true}}));
  const auto kept = std::ranges::find(done.files, "secrets/gw.ppk", &KeptFile::name);
  ASSERT_NE(kept, done.files.end());
  EXPECT_EQ(kept->bytes, "ab");
}

TEST(Trust, APpkThatNobodyKnowsIsNotLeftOutSilently) {
  const Imported done = imported(kPsk + "ppk_id = p2\n", "secrets {\n" + kSecret + "ppk-a {\n id = p1\n secret = x\n }\n}\n");
  EXPECT_TRUE(tunnel_of(done).is_null());
  ASSERT_FALSE(done.notes.empty());
  EXPECT_NE(done.notes.front().text.find("no post-quantum pre-shared key \"p2\""), std::string::npos)
      << done.notes.front().text;
}

}  // namespace
}  // namespace vtid::foreign
