package web

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"halfmeg/camera/internal/deviceerr"
)

// CertificateError is the error of a server whose certificate is not accepted.
type CertificateError struct {
	Name        string // of the stream
	Fingerprint []byte // SHA-256 of the certificate that the server sent
	Pinned      bool   // another fingerprint was requested
	Err         error  // why the certificate is not valid; nil if Pinned
}

// Error says what is wrong and shows the fingerprint that was seen.
func (e *CertificateError) Error() string {
	if e.Pinned {
		return fmt.Sprintf("%s: the server's certificate is not the expected one: it has the SHA-256 fingerprint %s", e.Name, FormatFingerprint(e.Fingerprint))
	}
	return fmt.Sprintf("%s: the server's certificate is not valid (%v); it has the SHA-256 fingerprint %s", e.Name, e.Err, FormatFingerprint(e.Fingerprint))
}

// OnlyUnknown reports whether the certificate would be valid if its issuer were
// among those that this machine trusts, such as the file of SSL_CERT_FILE.
func (e *CertificateError) OnlyUnknown() bool {
	var authority x509.UnknownAuthorityError
	return errors.As(e.Err, &authority)
}

// Unwrap returns why the certificate is not valid.
func (e *CertificateError) Unwrap() error { return e.Err }

// Is reports that a retry cannot fix the error.
func (e *CertificateError) Is(target error) bool { return target == deviceerr.ErrPermanent }

// FormatFingerprint returns a fingerprint as openssl and browsers show it.
func FormatFingerprint(fingerprint []byte) string {
	pairs := make([]string, len(fingerprint))
	for i, b := range fingerprint {
		pairs[i] = strings.ToUpper(hex.EncodeToString([]byte{b}))
	}
	return strings.Join(pairs, ":")
}

// tlsConfig returns how certificates are checked. A camera whose certificate is
// accepted explicitly may also use the old versions of TLS that old cameras have:
// they protect less, but more than http does.
func (c Config) tlsConfig() *tls.Config {
	if !c.Insecure && len(c.TLSFingerprint) == 0 {
		return &tls.Config{}
	}
	config := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10}
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		config.CipherSuites = append(config.CipherSuites, suite.ID)
	}
	if len(c.TLSFingerprint) > 0 {
		config.VerifyConnection = func(state tls.ConnectionState) error {
			seen := sha256.Sum256(state.PeerCertificates[0].Raw)
			if !bytes.Equal(seen[:], c.TLSFingerprint) {
				return &CertificateError{Fingerprint: seen[:], Pinned: true}
			}
			return nil
		}
	}
	return config
}

// certificateError returns the CertificateError of a failed handshake, or nil.
func certificateError(name string, err error) error {
	var pinned *CertificateError
	if errors.As(err, &pinned) {
		return &CertificateError{Name: name, Fingerprint: pinned.Fingerprint, Pinned: true}
	}
	var failed *tls.CertificateVerificationError
	if !errors.As(err, &failed) || len(failed.UnverifiedCertificates) == 0 {
		return nil
	}
	fingerprint := sha256.Sum256(failed.UnverifiedCertificates[0].Raw)
	return &CertificateError{Name: name, Fingerprint: fingerprint[:], Err: certificateProblem(failed)}
}

// certificateProblem describes the common reasons.
func certificateProblem(failed *tls.CertificateVerificationError) error {
	var authority x509.UnknownAuthorityError
	leaf := failed.UnverifiedCertificates[0]
	if errors.As(failed, &authority) && bytes.Equal(leaf.RawIssuer, leaf.RawSubject) {
		return fmt.Errorf("it is self-signed: %w", failed.Err)
	}
	return failed.Err
}
