import java.io.File;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Date;
import java.util.Enumeration;
import java.util.HexFormat;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.nhindirect.xd.common.DirectDocument2;
import org.nhindirect.xd.common.DirectDocuments;
import org.nhindirect.xd.common.XdmPackage;

/**
 * What the reference implementation of Direct (org.nhind:xd-common) reads in XDM packages. Arguments: the packages. One
 * line for each value: the number of the package, `set` or `document` with its number, the name, the value, with tabs
 * between them.
 *
 * It takes a METADATA.XML for a document unless the file is called METADATA.xml, so it is given a copy with that name.
 */
public final class Xdm {
  private static final StringBuilder OUT = new StringBuilder();

  public static void main(String[] args) throws Exception {
    PrintStream answers = System.out;
    System.setOut(System.err);
    for (int at = 0; at < args.length; at++) tell(at, XdmPackage.fromXdmZipFile(renamed(Path.of(args[at]))).getDocuments());
    answers.write(OUT.toString().getBytes(StandardCharsets.UTF_8));
    answers.flush();
  }

  private static void tell(int at, DirectDocuments all) throws Exception {
    DirectDocuments.SubmissionSet set = all.getSubmissionSet();
    String of = at + "\tset\t";
    say(of, "uniqueId", set.getUniqueId());
    say(of, "sourceId", set.getSourceId());
    say(of, "patientId", set.getPatientId());
    say(of, "submissionTime", set.getSubmissionTime());
    say(of, "author", set.getAuthorTelecommunication());
    say(of, "intendedRecipient", String.join(" ", set.getIntendedRecipient()));
    say(of, "contentTypeCode", set.getContentTypeCode());
    int number = 0;
    for (DirectDocument2 document : all.getDocuments()) tell(at + "\tdocument " + ++number + "\t", document);
  }

  private static void tell(String of, DirectDocument2 document) throws Exception {
    DirectDocument2.Metadata told = document.getMetadata();
    say(of, "uniqueId", told.getUniqueId());
    say(of, "mimeType", told.getMimeType());
    say(of, "classCode", told.getClassCode());
    say(of, "formatCode", told.getFormatCode());
    say(of, "patientId", told.getPatientId());
    say(of, "creationTime", told.getCreationTime());
    say(of, "uri", told.getURI());
    say(of, "hash", told.getHash());
    say(of, "size", told.getSize());
    if (document.getData() == null) return;
    say(of, "dataSize", document.getData().length);
    say(of, "dataHash", HexFormat.of().formatHex(MessageDigest.getInstance("SHA-1").digest(document.getData())));
  }

  private static void say(String of, String name, Object value) {
    if (value == null) return;
    Object told = value instanceof Date date ? date.toInstant() : value;
    OUT.append(of).append(name).append('\t').append(told).append('\n');
  }

  private static File renamed(Path file) throws Exception {
    File copy = File.createTempFile("package", ".zip");
    copy.deleteOnExit();
    try (ZipFile from = new ZipFile(file.toFile()); OutputStream out = Files.newOutputStream(copy.toPath()); ZipOutputStream to = new ZipOutputStream(out)) {
      for (Enumeration<? extends ZipEntry> all = from.entries(); all.hasMoreElements(); ) {
        ZipEntry one = all.nextElement();
        to.putNextEntry(new ZipEntry(one.getName().replaceFirst("METADATA\\.XML$", "METADATA.xml")));
        try (InputStream bytes = from.getInputStream(one)) {
          bytes.transferTo(to);
        }
        to.closeEntry();
      }
    }
    return copy;
  }
}
