package oauth

import "slices"

const cibaGrant = "urn:openid:params:grant-type:ciba"

// checkCIBA requires a delivery mode for the grant of CIBA, and a notification endpoint for the modes ping and push
// (OpenID Connect CIBA Core 1.0, 4).
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

// deliverySectorMember names the member whose URI shows the sector of a client by its delivery mode, whatever its
// grants are: the notification endpoint for push, and jwks_uri for poll and ping (OpenID Connect CIBA Core 1.0, 4).
// It is empty for a client without a mode.
func deliverySectorMember(m Metadata) string {
	switch m.Text("backchannel_token_delivery_mode") {
	case "poll", "ping":
		return "jwks_uri"
	case "push":
		return "backchannel_client_notification_endpoint"
	}
	return ""
}
