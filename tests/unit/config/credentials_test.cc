// What openssl made, and what we make of it.
#include "config/credentials.h"

#include <gmock/gmock.h>

#include "config/der.h"
#include "config/sha1.h"
#include "support/golden_config_files.h"

namespace vtid::config {
namespace {

using testing::HasSubstr;

std::string bytes(std::string_view name) { return test::read_golden_config_file(name).value(); }
std::string key(std::string_view name) { return read_private_key(bytes(name), name).value(); }
std::string public_key(std::string_view certificate) {
  return public_key_of(read_certificates(bytes(certificate)).value().front());
}

TEST(Sha1, IsThatOfRfc3174) {
  EXPECT_EQ(sha1_hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(sha1_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  EXPECT_EQ(sha1_hex(std::string(64, 'a')), "0098ba824b5c16427bd7a1122a5a442a25ec644d");
  EXPECT_EQ(sha1_hex(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

TEST(Der, NeverReadsPastTheEnd) {
  const std::string certificate = read_certificates(bytes("branch.pem")).value().front();
  for (std::size_t length = 1; length < certificate.size(); ++length)
    EXPECT_EQ(elements_in(std::string_view(certificate).substr(0, length), kDerSequence), std::nullopt);
}

TEST(Der, LengthsOfSixtyFourBitsAreRefused) {
  EXPECT_EQ(elements("\x30\x88\xff\xff\xff\xff\xff\xff\xff\xff"), std::nullopt);
  EXPECT_EQ(elements("\x30\x84\xff\xff\xff\xff"), std::nullopt);
  EXPECT_EQ(elements("\x30\x80"), std::nullopt);
}

TEST(Der, ASequenceReadsAsItWasMade) {
  for (const std::size_t size : {0U, 127U, 128U, 255U, 256U, 70'000U}) {
    const std::string content(size, '\5');
    const std::string made = der_sequence(content);
    const auto read = elements(made);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->front().content, content);
  }
}

TEST(Credentials, EveryFormOfOneKeyHasItsCertificatesPublicHalf) {
  for (const std::string_view name : {"branch.key", "branch8.key"})
    EXPECT_EQ(is_pair(key(name), public_key("branch.pem")), true);
  for (const std::string_view name : {"rsa.key", "rsa8-der.key"})
    EXPECT_EQ(is_pair(key(name), public_key("rsa-der.crt")), true);
  EXPECT_EQ(is_pair(key("branch.key"), public_key("rsa-der.crt")), false);
  EXPECT_EQ(is_pair(key("ed.key"), public_key("ed-chain.pem")), std::nullopt);
}

// openssl x509 -ext subjectKeyIdentifier
TEST(Credentials, AKeysIdIsTheSubjectKeyIdentifier) {
  EXPECT_EQ(key_id_of(public_key("branch.pem")), "18ced9709a230351e9638f8b0e5e03c71640baee");
  EXPECT_EQ(key_id_of(public_key("ed-chain.pem")), "d8d71e26e36d32306e9d106d892aef0b7f5dcbe0");
  EXPECT_EQ(key_id_of(public_key("rsa-der.crt")), "34ee56151c5f9f392bac5df1e35de9557509533e");
}

TEST(Credentials, OnlyACaSaysThatItIsOne) {
  const auto chain = read_certificates(bytes("ed-chain.pem")).value();
  EXPECT_FALSE(is_ca(chain.at(0)));
  EXPECT_TRUE(is_ca(chain.at(1)));
}

TEST(Credentials, WindowsLineEndsAndTextAroundAreNoMatter) {
  std::string text = "Certificate:\n    Data: x\n" + bytes("branch.pem");
  for (auto at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 2)) text.replace(at, 1, "\r\n");
  EXPECT_EQ(read_certificates(text), read_certificates(bytes("branch.pem")));
}

TEST(Credentials, EncryptedKeysNameTheRemedy) {
  for (const std::string_view name : {"encrypted.key", "encrypted-traditional.key"}) {
    const auto refused = read_private_key(bytes(name), name);
    EXPECT_THAT(refused.error().text, HasSubstr("encrypted"));
    EXPECT_THAT(refused.error().remedy, HasSubstr("openssl pkey -in " + std::string(name)));
  }
}

// Whatever is damaged: an answer or an error, never a crash, and no byte of the file in the error.
TEST(Credentials, DamagedFilesAreErrors) {
  for (const std::string_view name : {"branch.pem", "branch.key", "rsa8-der.key", "rsa-der.crt", "branch.pub"}) {
    const std::string whole = bytes(name);
    for (std::size_t at = 0; at < whole.size(); ++at) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ 0x15);
      (void)read_certificates(damaged);
      (void)read_public_key(damaged, name);
      (void)is_pair(read_private_key(damaged, name).value_or(""), read_public_key(damaged, name).value_or(""));
      (void)read_private_key(whole.substr(0, at), name);
    }
  }
}

}  // namespace
}  // namespace vtid::config
