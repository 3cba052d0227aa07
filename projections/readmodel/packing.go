package readmodel

import (
	"errors"
	"fmt"
	"slices"

	"github.com/klauspost/compress/s2"
)

// The JSON of events is most of the read model, and most of it are the same names and values again and again. The tables
// hold it as S2 blocks that are packed against a dictionary: to read one takes a fraction of a microsecond.

// packingDictionary has what JSON of events often holds, the most frequent last. What it lacks is packed as well, less
// tightly. It is a part of the schema: blocks can be read with the very dictionary alone that they were written with.
const packingDictionary = `"software_statement":"eyJhbGciOiJ` +
	`"backchannel_logout_session_required":true,"frontchannel_logout_uri":"https://"frontchannel_logout_session_required":true,` +
	`"userinfo_signed_response_alg":"_encrypted_response_alg":"RSA-OAEP-256","_encrypted_response_enc":"A128CBC-HS256",A256GCM` +
	`"request_object_signing_alg":"token_endpoint_auth_signing_alg":"ES256","PS256","EdDSA","request_uris":["https://` +
	`"jwks":{"keys":[{"kty":"RSA","kty":"EC","crv":"P-256","use":"sig","alg":"kid":"e":"AQAB","n":"x":"y":"}]},` +
	`"require_pushed_authorization_requests":true,"dpop_bound_access_tokens":true,"sector_identifier_uri":"https://` +
	`"subject_type":"pairwise","public","default_max_age":3600,"default_acr_values":["initiate_login_uri":"https://` +
	`"post_logout_redirect_uris":["https://"backchannel_logout_uri":"https://"scope":"openid profile email offline_access",` +
	`"jwks_uri":"https://client.example.com/jwks.json","tos_uri":"https://example.net/terms","software_id":"software_version":"1.0.` +
	`"client_credentials","password","implicit","urn:ietf:params:oauth:grant-type:device_code","jwt-bearer","code id_token",` +
	`"reason":"client_secret_ended":true"initial_access_token":"left_out":{"sealed":"private_key_jwt","client_secret_post","none",` +
	`"application_type":"native","redirect_uris":["http://127.0.0.1:http://localhost:com.example.app:/callback"],` +
	`{"client_id_issued_at":17,"registration_access_token_digest":"","client_secret":{"digest":"","expires_at":0},"policy_version":""}` +
	`{"client_name":"","ext_param_owner":"","application_type":"web","redirect_uris":["https://www.example.org/oauth/callback"],` +
	`"grant_types":["authorization_code","refresh_token"],"response_types":["code"],` +
	`"token_endpoint_auth_method":"client_secret_basic","client_uri":"https://.example.com/","logo_uri":"https://.com/logo.png",` +
	`"policy_uri":"https://.org/privacy","contacts":["admin@example.com"],"id_token_signed_response_alg":"RS256","require_auth_time":false}`

var dictionary = s2.MakeDict([]byte(packingDictionary), nil)

// packer packs JSON. It is for one goroutine.
type packer struct {
	text []byte // memory for what is to be packed
	free []byte // memory for what is packed
}

// packChunk is how many bytes are allocated at once for what is packed.
const packChunk = 64 << 10

func (p *packer) pack(text []byte) []byte {
	if most := s2.MaxEncodedLen(len(text)); most > len(p.free) {
		p.free = make([]byte, max(most, packChunk))
	}
	block := slices.Clip(dictionary.Encode(p.free, text))
	p.free = p.free[len(block):]
	return block
}

// packedJSON is JSON that the tables hold packed. It is read unpacked, and is nil where there is none.
type packedJSON []byte

// mostUnpacked is more than an event can have.
const mostUnpacked = 64 << 20

// Scan implements sql.Scanner.
func (j *packedJSON) Scan(value any) error {
	if value == nil {
		*j = nil
		return nil
	}
	block, ok := value.([]byte)
	if !ok {
		return fmt.Errorf("%T is not packed", value)
	}
	size, err := s2.DecodedLen(block)
	if err == nil && size > mostUnpacked {
		err = errors.New("packed text is too large")
	}
	if err != nil {
		return err
	}
	*j, err = dictionary.Decode(make([]byte, size), block)
	return err
}
