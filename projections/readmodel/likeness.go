package readmodel

import (
	"context"

	"roster/domain/oauth"
	"roster/projections/readmodel/search"
)

// A Likeness is a name, a software id or a logo of a client that another active client has with more right.
//
// Anybody may state the name of somebody else (RFC 7591 5), so that a client has more right to it when it is known whose
// it is, and otherwise when it, or another client of the same owner, stated it earlier. Who a client is of follows, in this order, from the owner that an initial
// access token named and from the domains that it redirects to; ext_param_owner alone is the client's own word. There is no
// likeness to a client of the same owner, nor to one that redirects to the same domains; none of a client that redirects to
// a person's own device alone, such as a hundred installations of one app; none in what the issuer of a software
// statement vouches for; and none in names that any client may have. What more than three other parties stated earlier is
// taken for the name of a product that many run, unless it is known whose it is.
type Likeness struct {
	Member string // as registered, with its language tag
	Client string // the id of the other client
}

// Cautions returns what to look at twice about the client: in its own metadata, and its likenesses. trusts tells which
// issuers of software statements are believed.
func (c Client) Cautions(trusts func(issuer string) bool) []oauth.Caution {
	cautions := oauth.Cautions(c.Metadata, trusts)
	for _, likeness := range c.Likenesses {
		cautions = append(cautions, oauth.Caution{
			Level: oauth.PossibleImpersonation, Member: likeness.Member, Client: likeness.Client,
			Detail: "is like that of a client of another owner",
		})
	}
	return cautions
}

// addLikenesses finds out what clients that were read have of others, as far as the index is loaded.
func (p *pool) addLikenesses(ctx context.Context, x *index, read map[uint64]listedRow) error {
	if !x.isComplete() {
		return nil
	}
	entries := make([]search.Entry, 0, len(read))
	for _, c := range read {
		if c.entry.Seq != 0 {
			entries = append(entries, c.entry)
		}
	}
	precedents := x.Precedents(entries...)
	if len(precedents) == 0 {
		return nil
	}
	var others []uint64
	for _, found := range precedents {
		for _, p := range found {
			others = append(others, p.Seq)
		}
	}
	ids, err := p.clientIDs(ctx, others)
	if err != nil {
		return err
	}
	for seq, found := range precedents {
		c := read[seq]
		claims := oauth.Claims(c.Metadata)
		for _, p := range found {
			if p.Claim < len(claims) {
				c.Likenesses = append(c.Likenesses, Likeness{claims[p.Claim].Member, ids[p.Seq]})
			}
		}
		read[seq] = c
	}
	return nil
}
