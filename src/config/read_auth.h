// "auth" of a tunnel: a pre-shared key, certificates, or raw public keys. Reads the files that it names and checks that they
// are what they should be and belong together; each error stands at the key that named the file.
#pragma once

#include "config/object.h"
#include "config/parse.h"
#include "model/config.h"

namespace vtid::config {

// {"file": …} or {"text": …}
void read_secret(Object secret, const Readers& readers, Findings& findings, model::SecretSource& source);

// Into `auth` and all else of `ike` that belongs to it.
void read_auth(Object auth, const Readers& readers, Findings& findings, model::Ike& ike);

}  // namespace vtid::config
