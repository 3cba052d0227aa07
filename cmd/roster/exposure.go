package main

import (
	"log/slog"
	"os"
	"path/filepath"
)

// warnOfExposure warns of the data directory, and of files with keys and passwords, that are open to other users
// of the machine.
func (s *serveCommand) warnOfExposure(logger *slog.Logger) {
	for _, path := range []string{
		s.Data, filepath.Join(s.Data, sealingKeyFile), filepath.Join(s.Data, adminHashFile), s.AdminPasswordFile,
	} {
		info, err := os.Stat(path)
		if err == nil && info.Mode().Perm()&0o077 != 0 { // what is not there is nobody's to read
			logger.Warn("other users of this machine can get at what is only the server's: chmod go= takes that away",
				"path", path, "mode", info.Mode().Perm().String())
		}
	}
}
