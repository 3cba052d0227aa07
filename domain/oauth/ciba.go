package oauth

import "slices"

const cibaGrant = "urn:openid:params:grant-type:ciba"

// checkCIBA is OpenID Connect CIBA Core 1.0, 4: the delivery mode is needed for the grant, and an endpoint
// to be notified at for ping and push.
func checkCIBA(_ Policy, m Metadata) error {
	mode := m.Text("backchannel_token_delivery_mode")
	if slices.Contains(m.List("grant_types"), cibaGrant) && mode == "" {
		return refuse("backchannel_token_delivery_mode", "is needed for the CIBA grant")
	}
	if (mode == "ping" || mode == "push") && m["backchannel_client_notification_endpoint"] == nil {
		return refuse("backchannel_client_notification_endpoint", "is needed for the delivery modes ping and push")
	}
	return nil
}

// deliverySectorMember names the member by whose URI a client is in a sector for its delivery mode, whatever
// its grants, since push needs none: what the server sends goes to the notification endpoint, and clients that
// ask themselves prove that they have a key of jwks_uri (OpenID Connect CIBA Core 1.0, 4). It is empty for a
// client without a mode.
func deliverySectorMember(m Metadata) string {
	switch m.Text("backchannel_token_delivery_mode") {
	case "poll", "ping":
		return "jwks_uri"
	case "push":
		return "backchannel_client_notification_endpoint"
	}
	return ""
}
