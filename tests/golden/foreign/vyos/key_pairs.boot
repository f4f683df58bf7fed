pki {
    key-pair own {
        private {
            key "MIICdQIBADANBgkqhkiG9w0BAQEFAASCAl8wggJbAgEAAoGBALKktOC/CJTF0Srl4rEijvMtJD7LYpmjJc89/EIBKkSlsOoGnKy7sCAI17xHEDy4a71Pv1GtYcEcXJ7yI/eyARiCKH465jLeSusVEc5tHU2XGt8EVVnSvRvMjCuWL4Fv87I8hUWhDtXWVI9r3QNigmXPFj1q6KImmZ1m/aLBo94FAgMBAAECgYA6IZqyX7edIdn0yaXA2mwF+bSHsos9T3eoPpVtrQ9iE0DEhq5JDzI62mXJYJ6KA8Ebc23gWDktK9t/5W+K1KPCGLrb8/2LPNdeUtrt6nFVjBIpNmunuFkbQV0MU4615rhcXIK+1JsH3qMXZsDpp6Xv38TtJn9JhvtC8JTVSvJ5QQJBANZHqa5L0Gx6T/np1JIx1YRIr2gpNaVmAAe9QH1w5vC19avk/NKjNhSLI74N2+Iaj3sEJXHq/l0WRBHdjCYIZL0CQQDVbNBvAcX6ah/qw7VRspf2r9a5eeDboVjEovaEbuDrigu70+LTuldmbIIawT+lq9u72UdxoILwzhyRzANOzsbpAkAOENo0lMlztXu2fgD0L81CR7sr7TiWSOHLoEKxeU3Pk0IzLG7kLM6J/rAz85jxeKjefGEw3yofVizVt2NRw89JAkB5oRLEQIl4ZaSc4T3jOlmaT6maeFfqMvBo18qPvLTX5ws61s0tBsQqbepTnxBLtT57tp8dpXEaFQx5FoBIGFWJAkA1PhBXXOJzGEhlC6IIXqEmqbqeIHHn52dth0l984Puw0X47gLZvOADmyTYjl5DIbWCGzk/r2szfbZXWD1BEllZ"
        }
        public {
            key "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCypLTgvwiUxdEq5eKxIo7zLSQ+y2KZoyXPPfxCASpEpbDqBpysu7AgCNe8RxA8uGu9T79RrWHBHFye8iP3sgEYgih+OuYy3krrFRHObR1NlxrfBFVZ0r0bzIwrli+Bb/OyPIVFoQ7V1lSPa90DYoJlzxY9auiiJpmdZv2iwaPeBQIDAQAB"
        }
    }
    key-pair peer {
        public {
            key "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQD7F/A5aSxWDKsdTTKYo3NVG1AMzBA4XBfZBCPONacoSfJ4/69ilnxbgGwwqp+cmRIpfiX5Xj2TSpUhG4rag63Je8gVGSQK96GeV9bSVqRmfU5juPqH5iQfMnz8S2EJBVeO6UDAxz0thYV3N0VtVz/DY5BU0HfZdwRXGk6B8mbU7QIDAQAB"
        }
    }
}
vpn {
    ipsec {
        esp-group E {
            proposal 1 {
                encryption "aes256gcm128"
            }
        }
        ike-group I {
            key-exchange "ikev2"
            proposal 1 {
                dh-group "19"
                encryption "aes256"
                hash "sha256"
            }
        }
        site-to-site {
            peer hq {
                authentication {
                    local-id "branch.example"
                    mode "rsa"
                    remote-id "hq.example"
                    rsa {
                        local-key "own"
                        remote-key "peer"
                    }
                }
                ike-group "I"
                local-address "192.0.2.1"
                remote-address "198.51.100.1"
                tunnel 0 {
                    esp-group "E"
                    local {
                        prefix "10.1.0.0/24"
                    }
                    remote {
                        prefix "10.2.0.0/24"
                    }
                }
            }
        }
    }
}
// vyos-config-version: "ipsec@13"
