package interop;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.UUID;

/**
 * A directory that is guarded by a lock of several programs: each leaves a file there while it is inside, and writes down
 * whom it met that must not be there at the same time. Room.ts and company.py know it too.
 */
final class CompanyRoom {
  private final Path directory;
  private final String as;
  private final int sharesMax;

  CompanyRoom(JsonNode with) {
    directory = Path.of(with.get("room").asText());
    as = with.get("as").asText();
    sharesMax = with.path("limit").asInt(Integer.MAX_VALUE);
  }

  void visit() throws Exception {
    Path own = Files.createFile(directory.resolve(as + "-" + UUID.randomUUID()));
    look();
    if (as.equals("exclusive")) count();
    look();
    Files.delete(own);
  }

  private void look() throws Exception {
    String[] inside = directory.toFile().list();
    long alone = Arrays.stream(inside).filter(name -> name.startsWith("exclusive-")).count();
    long shared = Arrays.stream(inside).filter(name -> name.startsWith("shared-")).count();
    boolean fine = alone == 0 ? shared <= sharesMax : alone == 1 && shared == 0;
    if (!fine) Files.createFile(directory.resolve("met-" + as + "-" + alone + "-" + shared + "-" + UUID.randomUUID()));
  }

  private void count() throws Exception {
    Path file = directory.resolve("count");
    int before = Integer.parseInt(Files.readString(file).trim());
    Files.write(file, String.valueOf(before + 1).getBytes(UTF_8), StandardOpenOption.TRUNCATE_EXISTING);
  }
}
