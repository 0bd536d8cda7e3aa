import java.io.ByteArrayOutputStream;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import javax.mail.internet.InternetAddress;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.nhindirect.stagent.AgentException;
import org.nhindirect.stagent.AddressSource;
import org.nhindirect.stagent.DefaultNHINDAgent;
import org.nhindirect.stagent.IncomingMessage;
import org.nhindirect.stagent.NHINDAddress;
import org.nhindirect.stagent.NHINDAddressCollection;
import org.nhindirect.stagent.OutgoingMessage;
import org.nhindirect.stagent.cert.X509CertificateEx;
import org.nhindirect.stagent.mail.Message;
import org.nhindirect.stagent.mail.notifications.Disposition;
import org.nhindirect.stagent.mail.notifications.Notification;
import org.nhindirect.stagent.mail.notifications.NotificationHelper;
import org.nhindirect.stagent.mail.notifications.NotificationType;
import org.nhindirect.stagent.mail.notifications.ReportingUserAgent;
import org.nhindirect.stagent.trust.DefaultTrustAnchorResolver;

/**
 * The security agent of the Direct reference implementation (org.nhind:agent) as a peer. Argument: a folder with
 * anchors (anchor*.pem), certificates (ADDRESS-or-DOMAIN*.pem) and private keys (the same name with .key, PKCS #8),
 * which it reads anew for each request. A request is a line of fields with tabs between them, and so is its answer:
 *
 *   in   FROM TO FILE INNER      opens and verifies FILE for TO        → ok
 *   out  FROM TO FILE MAIL       signs and encrypts the message FILE   → ok
 *   mdn  WORD BY FILE MESSAGE    writes BY's notification about FILE   → ok; WORD is a NotificationType
 *
 * A refusal is: refused, the agent's word for it, what it says.
 */
public final class Agent {
  public static void main(String[] args) throws Exception {
    PrintStream answers = System.out;
    System.setOut(System.err);
    Security.addProvider(new BouncyCastleProvider());
    // Names of hosts are not asked for.
    System.setProperty("mail.mime.address.usecanonicalhostname", "false");
    BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = requests.readLine(); line != null; line = requests.readLine()) {
      answers.println(answer(Path.of(args[0]), line.split("\t")).replaceAll("[\\r\\n]+", " "));
      answers.flush();
    }
  }

  private static String answer(Path folder, String[] request) {
    try {
      byte[] read = Files.readAllBytes(Path.of(request[3]));
      Files.write(Path.of(request[4]), switch (request[0]) {
        case "in" -> open(folder, request[1], request[2], read);
        case "out" -> protect(folder, request[1], request[2], read);
        case "mdn" -> notify(request[1], request[2], read);
        default -> throw new IllegalArgumentException("no request " + request[0]);
      });
      return "ok";
    } catch (AgentException refusal) {
      return "refused\t" + refusal.getError() + "\t" + refusal.getMessage();
    } catch (Exception failure) {
      failure.printStackTrace();
      return "refused\t" + failure.getClass().getSimpleName() + "\t" + failure.getMessage();
    }
  }

  private static byte[] open(Path folder, String from, String to, byte[] mail) throws Exception {
    IncomingMessage opened = agentOf(folder, to).processIncoming(text(mail), addresses(to), new NHINDAddress(from, AddressSource.From));
    return bytes(opened.getMessage());
  }

  private static byte[] protect(Path folder, String from, String to, byte[] message) throws Exception {
    OutgoingMessage sent = agentOf(folder, from).processOutgoing(text(message), addresses(to), new NHINDAddress(from, AddressSource.From));
    return bytes(sent.getMessage());
  }

  private static byte[] notify(String word, String by, byte[] inner) throws Exception {
    Message about = new Message(new java.io.ByteArrayInputStream(inner));
    Notification notification = new Notification(new Disposition(NotificationType.valueOf(word)));
    notification.setReportingAgent(new ReportingUserAgent(hostOf(by), "Security Agent"));
    if (word.equals("Dispatched")) notification.setExtensions(List.of("X-DIRECT-FINAL-DESTINATION-DELIVERY"));
    return bytes(NotificationHelper.createNotificationMessage(about, new InternetAddress(by), notification));
  }

  private static DefaultNHINDAgent agentOf(Path folder, String address) throws Exception {
    return new DefaultNHINDAgent(
        hostOf(address),
        (asked) -> certificates(folder, asked, true),
        (asked) -> certificates(folder, asked, false),
        new DefaultTrustAnchorResolver(read(folder, "anchor", false)));
  }

  /** Those of the address, else those of its domain, as the agent's own resolvers give them. */
  private static Collection<X509Certificate> certificates(Path folder, InternetAddress asked, boolean isPrivate) {
    try {
      String address = asked.getAddress().toLowerCase(Locale.ROOT);
      List<X509Certificate> own = read(folder, address, isPrivate);
      return own.isEmpty() ? read(folder, hostOf(address), isPrivate) : own;
    } catch (Exception failure) {
      throw new IllegalStateException(failure);
    }
  }

  /** NAME.pem and NAME-2.pem and so on; as private ones only those that have a key. */
  private static List<X509Certificate> read(Path folder, String name, boolean isPrivate) throws Exception {
    List<X509Certificate> found = new ArrayList<>();
    for (int count = 1; ; count++) {
      String stem = count == 1 ? name : name + "-" + count;
      Path certificate = folder.resolve(stem + ".pem");
      Path key = folder.resolve(stem + ".key");
      if (!Files.exists(certificate)) return found;
      if (isPrivate && !Files.exists(key)) continue;
      try (var in = Files.newInputStream(certificate)) {
        X509Certificate one = (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
        found.add(isPrivate ? X509CertificateEx.fromX509Certificate(one, keyOf(key, one)) : one);
      }
    }
  }

  private static PrivateKey keyOf(Path file, X509Certificate certificate) throws Exception {
    String pem = Files.readString(file).replaceAll("-----[^-]+-----|\\s", "");
    return KeyFactory.getInstance(certificate.getPublicKey().getAlgorithm())
        .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem)));
  }

  private static NHINDAddressCollection addresses(String to) {
    NHINDAddressCollection all = new NHINDAddressCollection();
    for (String one : to.split(",")) all.add(new NHINDAddress(one, AddressSource.To));
    return all;
  }

  private static String hostOf(String address) {
    return address.substring(address.lastIndexOf('@') + 1);
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static byte[] bytes(javax.mail.internet.MimeMessage message) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    message.writeTo(out);
    return out.toByteArray();
  }
}
